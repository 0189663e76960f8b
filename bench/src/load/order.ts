/**
 * The job of the load generator, and its result. Both are sent between processes as JSON.
 */

/**
 * One request, made again and again. `{n}` in the path and in the body's prefix is the request's
 * number, from 0.
 */
export interface RequestTemplate {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** `size` bytes of content that does not compress, between two texts. */
  readonly body?: {
    readonly prefix?: string
    readonly size: number
    readonly suffix?: string
    /** Of a form: the file's name, for clients that write the form themselves. */
    readonly fileName?: string
  }
  /**
   * Requests a range of `length` bytes at another position each time, in a file of `size` bytes.
   */
  readonly range?: { readonly size: number; readonly length: number }
}

/** The load generator, and programs that people use. curl and undici make one request. */
export type Client = 'generator' | 'curl' | 'undici' | 'wrk'

export interface LoadOrder {
  /** Default: `generator`. */
  readonly client?: Client
  /** A file with the content of a large body, which curl and undici send. */
  readonly contentFile?: string
  /** On 127.0.0.1. */
  readonly port: number
  /**
   * Connections, each with one request at a time; none is closed by the generator before the end.
   */
  readonly connections: number
  /** Ends after so many requests, or as many milliseconds. */
  readonly until: { readonly requests: number } | { readonly milliseconds: number }
  readonly request: RequestTemplate
  /** The number of the first request. Default: 0. */
  readonly firstNumber?: number
  /** What every response must have. Any other response ends the load. */
  readonly expected: { readonly status: readonly number[]; readonly bytes?: number }
}

export interface LoadResult {
  readonly requests: number
  /** Seconds from the beginning of the first request to the end of the last response. */
  readonly wall: number
  /** Bytes of the bodies of responses. */
  readonly received: number
  /** Bytes of content, without what frames it. */
  readonly sent: number
  /** Milliseconds from the beginning of a request to the end of its response. */
  readonly p50: number
  readonly p99: number
  /**
   * The share of one core that the generator used: close to 1, it was the generator that was
   * measured. `undefined` with another client.
   */
  readonly generatorLoad?: number
}

export type GeneratorMessage = { readonly result: LoadResult } | { readonly failure: string }
