/** The bundle ships without types. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface SwaggerUiOptions {
    readonly dom_id: string
    readonly url: string
    readonly deepLinking: boolean
    readonly displayRequestDuration: boolean
    readonly docExpansion: 'list' | 'full' | 'none'
    readonly tryItOutEnabled: boolean
    readonly validatorUrl: null
  }

  function SwaggerUI(options: SwaggerUiOptions): void
  export = SwaggerUI
}
