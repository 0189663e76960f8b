/**
 * Applies the upload options to one incoming file, whatever way it arrives.
 */
import {
  type ResumableUpload,
  type StorageService,
  type UploadPolicy,
  unknownContentType,
  type WriteOptions,
} from '@stowage/core'
import { checkAnnounced, compilePolicy, defined } from '@stowage/core/provider'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import {
  bytes,
  defaultMaxFileSize,
  essence,
  type FileRule,
  type IncomingFile,
  typeSet,
  type UploadRules,
} from '../options.js'
import { fromHook, type RequestContext } from './request-context.js'

/** How a file is written, and the access list that the response shows. */
export interface Acceptance {
  readonly write: WriteOptions
  readonly acl: string | undefined
}

/** The arguments of functions among the options. */
export interface RequestAndResponse {
  readonly req: HttpRequest
  readonly res: HttpResponse
}

/**
 * Checks a file that a client announces against the options. Fails with `INVALID_NAME`,
 * `TYPE_NOT_ALLOWED`, `CONTENT_REFUSED` or `TOO_LARGE`. The storage checks the rest of the policy
 * when the file is written with the returned options.
 *
 * @param contentType The type that the client states, with parameters; `undefined` if it states
 *   none.
 */
export async function accept(
  storage: StorageService,
  rules: UploadRules,
  file: IncomingFile,
  contentType: string | undefined,
  { req, res }: RequestAndResponse,
): Promise<Acceptance> {
  const policy = await policyOf(rules, file, { req, res })
  const { container, name, size } = file
  const compiled = compilePolicy(policy)
  await checkAnnounced(compiled, { container, name, ...defined({ contentType, size }) })
  const acl = typeof rules.acl === 'function' ? await ask(rules.acl, file, { req, res }) : rules.acl
  const { attributes, nativeOptions, acl: hasAcl } = storage.capabilities
  const native = Object.fromEntries(Object.entries(rules.native).filter(([name]) => nativeOptions.includes(name)))
  return {
    acl,
    write: {
      policy,
      native,
      ...defined({
        size,
        maxSize: compiled.maxSize,
        contentType,
        cacheControl: attributes.cacheControl ? rules.cacheControl : undefined,
        acl: hasAcl ? acl : undefined,
      }),
    },
  }
}

const ask = <T>(rule: FileRule<T, HttpRequest>, file: IncomingFile, { req, res }: RequestAndResponse): Promise<T> =>
  fromHook(() => rule(file, req, res))

/** The policies of options without functions, which are the same for every file. */
const sharedPolicies = new WeakMap<UploadRules, readonly UploadPolicy[]>()

/**
 * Returns the policies that hold for one file: that of the options, and the older options as
 * another.
 */
async function policyOf(
  rules: UploadRules,
  file: IncomingFile,
  parties: RequestAndResponse,
): Promise<readonly UploadPolicy[]> {
  const shared = sharedPolicies.get(rules)
  if (shared !== undefined) return shared
  const { maxFileSize, allowedContentTypes, policy: option } = rules
  const policy =
    typeof option === 'function' ? checked(optionalPolicy, 'policy', await ask(option, file, parties)) : option
  const maxSize =
    typeof maxFileSize === 'function'
      ? checked(bytes, 'maxFileSize', await ask(maxFileSize, file, parties))
      : (maxFileSize ?? (policy?.maxSize === undefined ? defaultMaxFileSize : undefined))
  const types =
    typeof allowedContentTypes === 'function'
      ? checked(optionalTypeSet, 'allowedContentTypes', await ask(allowedContentTypes, file, parties))
      : allowedContentTypes
  const policies = [defined({ maxSize, types: types && [...types] }), ...(policy === undefined ? [] : [policy])]
  const isShared = [maxFileSize, allowedContentTypes, option].every((rule) => typeof rule !== 'function')
  if (isShared) sharedPolicies.set(rules, policies)
  return policies
}

/**
 * Returns the policy of an upload that has begun as an option: that of the file that it becomes.
 */
export async function policyOfUpload(
  { rules, req, res }: Pick<RequestContext, 'rules' | 'req' | 'res'>,
  { container, file: name, contentType, size, policed }: ResumableUpload,
): Promise<{ readonly policy?: readonly UploadPolicy[] }> {
  // The bytes of a partial upload are checked when they become a file.
  if (policed !== true) return {}
  const type = essence(contentType ?? unknownContentType)
  return { policy: await policyOf(rules.upload, { container, name, type, ...defined({ size }) }, { req, res }) }
}

/** Returns the number of bytes that no file may exceed, if no function decides it. */
export function staticMaxSize({ maxFileSize, policy }: UploadRules): number | undefined {
  if (typeof maxFileSize === 'function' || typeof policy === 'function') return undefined
  const limits = [maxFileSize, policy?.maxSize].filter((limit) => limit !== undefined)
  return limits.length === 0 ? defaultMaxFileSize : Math.min(...limits)
}

const optionalTypeSet = (_name: string, types: unknown) => (types === undefined ? undefined : typeSet(types))

function optionalPolicy(name: string, policy: unknown): UploadPolicy | undefined {
  if (policy === undefined) return undefined
  compilePolicy(policy as UploadPolicy, name)
  return policy as UploadPolicy
}

/**
 * An invalid result of the application's function is a failure of the server, not of the request.
 */
function checked<T>(check: (property: string, value: unknown) => T, property: string, value: unknown): T {
  try {
    return check(property, value)
  } catch (error) {
    throw new TypeError(`upload option "${property}": the function returned an invalid value`, { cause: error })
  }
}
