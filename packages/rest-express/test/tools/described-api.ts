/**
 * Compares real responses with the description of the API.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { type OpenApiDocument, type OpenApiOperation, type OpenApiOptions, openApiDocument } from '../../src/index.js'

interface Described {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, unknown>>
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** Remembers which statuses of which operations it has seen. */
export class DescribedApi {
  readonly document: OpenApiDocument
  readonly #ajv = new Ajv2020({ formats: { 'date-time': dateTime }, strict: true, allowUnionTypes: true })
  readonly #schemas = new Map<string, ValidateFunction>()
  readonly #operations: ReadonlyMap<string, OpenApiOperation>
  readonly #seen = new Set<string>()

  constructor(options?: OpenApiOptions) {
    this.document = openApiDocument(options)
    this.#operations = new Map(
      Object.values(this.document.paths)
        .flatMap((methods) => Object.values(methods))
        .map((operation) => [operation.operationId, operation]),
    )
    this.#ajv.addVocabulary(Object.keys(this.document))
    this.#ajv.addSchema(this.document, 'api')
  }

  /** Every `<operation> <status>` of the description. */
  get described(): string[] {
    return [...this.#operations].flatMap(([id, { responses }]) =>
      Object.keys(responses).map((status) => `${id} ${status}`),
    )
  }

  get seen(): string[] {
    return [...this.#seen]
  }

  /** Asserts that status, media type, headers and body of a response match the description. */
  async check(operationId: string, response: Response): Promise<void> {
    const responses = this.#operations.get(operationId)?.responses ?? {}
    const key = [String(response.status), `${String(response.status)[0]}XX`].find((each) => each in responses)
    expect(key, `${operationId} returned ${response.status}, which is not described`).toBeDefined()
    this.#seen.add(`${operationId} ${key}`)
    const described = this.#resolve(responses[key as string])
    for (const name of Object.keys(described.headers ?? {})) {
      if (!['Link', 'Retry-After'].includes(name))
        expect(response.headers.has(name), `${operationId}: ${name}`).toBe(true)
    }
    const body = await response.text()
    // A creation: of a file, or of an upload.
    if (key === '201' && body === '' && response.headers.has('location') && !response.headers.has('content-type'))
      return
    if (described.content === undefined) {
      expect(body, `${operationId} ${key} has no body`).toBe('')
      return
    }
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    const range = type in described.content ? type : '*/*'
    expect(Object.keys(described.content), `${operationId} ${key}`).toContain(range)
    if (range === '*/*') return
    const validate = this.#schemaOf(operationId, key as string, range, responses[key as string])
    validate(JSON.parse(body))
    expect(validate.errors ?? [], `${operationId} ${key}: ${body}`).toEqual([])
  }

  #resolve(response: unknown): Described {
    const reference = (response as { $ref?: string }).$ref
    if (reference === undefined) return response as Described
    return this.document.components['responses']?.[reference.split('/').at(-1) ?? ''] as Described
  }

  #schemaOf(operationId: string, key: string, type: string, response: unknown): ValidateFunction {
    const name = `${operationId} ${key} ${type}`
    const known = this.#schemas.get(name)
    if (known !== undefined) return known
    const { schema } = (this.#resolve(response).content?.[type] ?? {}) as { schema: object }
    const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
    const validate = this.#ajv.compile(whole)
    this.#schemas.set(name, validate)
    return validate
  }
}
