/**
 * Signed URLs for services that have none, such as a directory. They lead to the router of the
 * application, which verifies them with the same secrets.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { needsSetting } from '../checks/attributes.js'
import { invalid } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import type { Capabilities } from '../contract/capabilities.js'
import { StorageError } from '../contract/errors.js'
import type {
  PartUpload,
  RouterPart,
  SignedUrl,
  SignPartCallOptions,
  SignUrlCallOptions,
  UrlRequest,
  VerifiedUrl,
} from '../contract/provider.js'
import { defined } from './defined.js'

/** The setting `signedUrls` of a data source. */
export interface SignedUrlSettings {
  /**
   * The URL of the router as clients reach it, such as `https://files.example/api/containers`. It
   * is part of the signature.
   */
  readonly baseUrl: string
  /**
   * Secrets of 32 characters or more: the first one signs; URLs of all of them are valid, so that a
   * secret can be replaced. Every process needs the same ones.
   */
  readonly secrets: readonly string[]
}

type UrlOptions = Omit<SignUrlCallOptions, 'signal'> & { readonly part?: RouterPart }

const settingNames = { baseUrl: true, secrets: true } as const satisfies NamesOf<SignedUrlSettings>
const leastSecretLength = 32

/** The rules of the settings, for messages of a provider's schema. */
export const signedUrlRules = Object.freeze({
  baseUrl: 'must be the URL of the router, such as "https://files.example/api/containers"',
  secrets: `must be a list of one or more texts of ${leastSecretLength} characters or more`,
})

export const isBaseUrl = (value: string): boolean => /^https?:\/\/[^?#@]+$/.test(value) && URL.canParse(value)

export const isSecretList = (values: readonly string[]): boolean =>
  values.length > 0 && values.every((value) => typeof value === 'string' && value.length >= leastSecretLength)

/** Seconds: a year. No secret should be used longer. */
const maxExpiresIn = 365 * 24 * 60 * 60

/** The capability `signedUrls` of a provider with a {@link UrlSigner}. */
export const routerUrls: Exclude<Capabilities['signedUrls'], false> = Object.freeze({
  maxExpiresIn,
  sealed: true,
  contentType: true,
  size: true,
  responseHeaders: true,
  throughRouter: true,
})

/** The capability `directUploads` of a provider with a {@link UrlSigner} and multipart uploads. */
export const routerPartUrls: NonNullable<Capabilities['directUploads']> = Object.freeze({
  maxExpiresIn,
  size: true,
  unknownSize: true,
  etag: true,
  throughRouter: true,
})

/** The parameters of a URL that set a header of the response. */
const responseParameters = {
  contentType: 'response-content-type',
  cacheControl: 'response-cache-control',
  contentDisposition: 'response-content-disposition',
  contentEncoding: 'response-content-encoding',
  contentLanguage: 'response-content-language',
} as const satisfies Record<keyof NonNullable<SignUrlCallOptions['responseHeaders']>, string>

/** All signed parameters, in the order of the signature. */
const parameters: readonly string[] = [
  ...['expires', 'type', 'size', 'upload', 'part', 'part-size'],
  ...Object.values(responseParameters),
]
const responseNames = Object.entries(responseParameters) as [keyof typeof responseParameters, string][]
const methods = ['GET', 'PUT'] as const

/** Signs and verifies URLs of the form `<baseUrl>/<container>/signed/<file>?<parameters>`. */
export class UrlSigner {
  readonly #baseUrl: string
  readonly #keys: readonly Buffer[]

  /** @throws `INVALID_ARGUMENT`, which names the setting. */
  constructor(settings: SignedUrlSettings) {
    checkOptions('signedUrls', settings, settingNames)
    const { baseUrl, secrets } = settings
    if (typeof baseUrl !== 'string' || !isBaseUrl(baseUrl)) {
      throw invalid('signedUrls.baseUrl', `signedUrls.baseUrl ${signedUrlRules.baseUrl}`)
    }
    if (!Array.isArray(secrets) || !isSecretList(secrets)) {
      throw invalid('signedUrls.secrets', `signedUrls.secrets ${signedUrlRules.secrets}`)
    }
    this.#baseUrl = baseUrl.replace(/\/+$/, '')
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'stowage signed url', 32)))
  }

  /**
   * Signs a URL.
   *
   * @throws `INVALID_NAME` for `.` and `..`, which no URL can express.
   */
  sign(container: string, file: string, options: UrlOptions): SignedUrl {
    const { method, expiresIn, contentType } = options
    const expires = Math.floor(Date.now() / 1000) + expiresIn
    const query = parametersOf(options, expires)
    query.set('signature', signature(this.#keys[0] as Buffer, this.#text(method, container, file, query)))
    return {
      url: `${this.#baseUrl}/${encodeURIComponent(container)}/signed/${encodedFile(file)}?${query}`,
      method,
      headers: typeof contentType === 'string' ? { 'content-type': contentType } : {},
      expires: new Date(expires * 1000),
    }
  }

  /** Signs a URL that stores one part of an upload. */
  signPart(
    { container, file, id, partSize }: PartUpload,
    { partNumber, ...options }: Omit<SignPartCallOptions, 'signal'>,
  ): SignedUrl {
    return this.sign(container, file, { ...options, method: 'PUT', part: { id, partSize, partNumber } })
  }

  /** Verifies a URL: first its signature, in constant time. */
  verify(container: string, file: string, request: UrlRequest): VerifiedUrl {
    const query = new URLSearchParams(request.query)
    const given = query.get('signature') ?? ''
    query.delete('signature')
    if (!isCanonical(query)) return { verdict: 'invalid' }
    const allowed = methods.find((method) => {
      const text = this.#text(method, container, file, query)
      return this.#keys.some((key) => isEqual(signature(key, text), given))
    })
    if (allowed === undefined) return { verdict: 'invalid' }
    if (request.method !== allowed) return { verdict: 'method', allowed }
    if (Date.now() >= Number(query.get('expires')) * 1000) return { verdict: 'expired' }
    return { verdict: 'valid', ...constraintsOf(query) }
  }

  /** The text that is signed. No value can pass for another one in JSON. */
  #text(method: string, container: string, file: string, query: URLSearchParams): string {
    return JSON.stringify([method, this.#baseUrl, container, file, ...parameters.map((name) => query.get(name))])
  }
}

/**
 * Makes the methods of a provider's signed URLs.
 *
 * @param signerOf Returns the signer in the provider's context; `undefined` if the setting
 *   `signedUrls` is missing.
 *
 * @example
 * const signerOf = ({ signer }: Connection) => signer
 * export const { signUrl, verifyUrl, signPart } = signedUrlMethods(signerOf)
 */
export function signedUrlMethods<Context>(signerOf: (context: Context) => UrlSigner | undefined): {
  signUrl(context: Context, container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl>
  verifyUrl(context: Context, container: string, file: string, request: UrlRequest): Promise<VerifiedUrl>
  signPart(context: Context, upload: PartUpload, options: SignPartCallOptions): Promise<SignedUrl>
} {
  const requireSigner = (context: Context) => {
    const signer = signerOf(context)
    if (signer === undefined) throw needsSetting('signed URLs', 'signedUrls')
    return signer
  }
  return {
    signUrl: async (context, container, file, options) => requireSigner(context).sign(container, file, options),
    verifyUrl: async (context, container, file, request) => requireSigner(context).verify(container, file, request),
    signPart: async (context, upload, options) => requireSigner(context).signPart(upload, options),
  }
}

function parametersOf({ contentType, size, part, responseHeaders = {} }: UrlOptions, expires: number): URLSearchParams {
  const query = new URLSearchParams({ expires: String(expires) })
  // An empty type: the request must have none.
  if (contentType !== undefined) query.set('type', contentType ?? '')
  if (size !== undefined) query.set('size', String(size))
  if (part !== undefined) {
    query.set('upload', part.id)
    query.set('part', String(part.partNumber))
    query.set('part-size', String(part.partSize))
  }
  for (const [header, name] of responseNames) {
    const value = responseHeaders[header]
    if (value !== undefined) query.set(name, value)
  }
  return query
}

function constraintsOf(query: URLSearchParams): Omit<UrlOptions, 'method' | 'expiresIn'> {
  const value = (name: string) => query.get(name) ?? undefined
  const size = value('size')
  const id = value('upload')
  return defined({
    contentType: value('type') === '' ? null : value('type'),
    size: size === undefined ? undefined : Number(size),
    part:
      id === undefined ? undefined : { id, partNumber: Number(value('part')), partSize: Number(value('part-size')) },
    responseHeaders: defined(Object.fromEntries(responseNames.map(([header, name]) => [header, value(name)]))),
  })
}

/** Whether the query has only parameters that are signed, each of them once. */
const isCanonical = (query: URLSearchParams) =>
  query.size === new Set(query.keys()).size && [...query.keys()].every((name) => parameters.includes(name))

const signature = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url')

function isEqual(expected: string, given: string): boolean {
  const bytes = Buffer.from(given)
  return bytes.length === expected.length && timingSafeEqual(Buffer.from(expected), bytes)
}

/**
 * The name in the path of a URL. Clients resolve the segments `.` and `..`, also encoded ones, and
 * some servers merge slashes. The slashes of such names are encoded, so that they are one segment.
 */
function encodedFile(file: string): string {
  if (file === '.' || file === '..') {
    throw new StorageError('INVALID_NAME', `no URL can express the name ${JSON.stringify(file)}`)
  }
  const segments = file.split('/')
  const isPlain = segments.every((segment) => !/^\.{0,2}$/.test(segment))
  return isPlain ? segments.map(encodeURIComponent).join('/') : encodeURIComponent(file)
}
