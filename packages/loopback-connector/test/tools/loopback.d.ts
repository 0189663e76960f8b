/** The part of LoopBack 3 that the tests use. LoopBack 3 has no types. */
declare module 'loopback' {
  import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
  import type { StorageService } from '@stowage/loopback-connector'

  namespace loopback {
    type Next = (error?: unknown) => void
    type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void

    interface RemoteContext {
      readonly res: ServerResponse
      readonly req: IncomingMessage
      readonly args: Record<string, unknown>
      readonly result?: unknown
      readonly error?: Error & { readonly statusCode?: number; readonly code?: string }
    }

    interface Model extends StorageService {
      new (): object
      readonly modelName: string
      beforeRemote(method: string, hook: (context: RemoteContext, unused: unknown, next: Next) => void): void
      afterRemote(method: string, hook: (context: RemoteContext, result: unknown, next: Next) => void): void
      afterRemoteError(method: string, hook: (context: RemoteContext, next: Next) => void): void
      disableRemoteMethodByName(method: string): void
      create(properties: object): Promise<{ readonly id: unknown }>
      login(credentials: object): Promise<{ readonly id: string }>
    }

    interface DataSource {
      readonly name?: string
      readonly connected: boolean
      readonly settings: Readonly<Record<string, unknown>>
      readonly connector: StorageService
      createModel(name: string, properties?: object, options?: object): Model
      connect(): Promise<void>
      disconnect(): Promise<void>
      ping(): Promise<void>
      on(event: 'connected', listener: () => void): this
      on(event: 'error', listener: (error: Error) => void): this
    }

    interface Application extends RequestListener {
      readonly models: Readonly<Record<string, Model>>
      readonly registry: { getModel(name: string): Model }
      set(name: string, value: unknown): void
      get(name: string): unknown
      use(...given: readonly (string | Middleware)[]): void
      post(path: string, handler: Middleware): void
      model(model: Model, options?: object): void
      dataSource(name: string, settings: object): DataSource
      connector(name: string, connector: object): void
      enableAuth(options?: object): void
      listen(port: number, host: string, done: () => void): Server
    }
  }

  interface LoopBack {
    (options?: object): loopback.Application
    createDataSource(settings: object): loopback.DataSource
    rest(): loopback.Middleware
    token(options?: object): loopback.Middleware
  }

  const loopback: LoopBack
  export = loopback
}

declare module 'loopback-component-explorer' {
  import type { Application } from 'loopback'

  const explorer: (app: Application, options?: object) => void
  export = explorer
}
