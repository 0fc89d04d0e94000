window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The viewer can send a description to a public validator; ours stays here.
  validatorUrl: null,
  tryItOutEnabled: false,
});
