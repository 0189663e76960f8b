/**
 * Swagger UI over this server's own description.
 */
import 'swagger-ui-dist/swagger-ui.css'
import './explorer.css'
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'

const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

SwaggerUI({
  dom_id: '#explorer',
  url: new URL('../openapi.json', document.baseURI).href,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  tryItOutEnabled: true,
  // No badge of a validator elsewhere.
  validatorUrl: null,
})
