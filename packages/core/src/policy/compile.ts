/** Checks a policy and prepares it, once for each object. */
import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { StorageError } from '../contract/errors.js'
import { canonicalType, essence } from './media-types.js'
import type { AnnouncedFile, ImageLimits, Quarantine, Quota, Scanner, UploadPolicy } from './policy.js'

/** Several policies: all of them have to be met. */
export type UploadPolicies = UploadPolicy | readonly UploadPolicy[]

/** A rule for names, with the text that a refusal shows. */
interface NameRule {
  readonly allows: (file: AnnouncedFile) => boolean | Promise<boolean>
  readonly pattern?: string
}

/** A quota, and whose it is. */
export interface OwnedQuota {
  readonly quota: Quota
  readonly ownerOf: (file: AnnouncedFile) => string
}

/** The rules of one or more policies. */
export interface CompiledPolicy {
  readonly maxSize: number | undefined
  /** The type has to be in each of these sets. */
  readonly types: readonly ReadonlySet<string>[]
  readonly names: readonly NameRule[]
  /** Whether the content decides the type. */
  readonly detects: boolean
  /** Whether the stated type, the name and the content have to agree. */
  readonly agrees: boolean
  readonly images: readonly ImageLimits[]
  readonly scans: readonly Scanner[]
  readonly quotas: readonly OwnedQuota[]
  readonly quarantine: Quarantine | undefined
}

const ruleNames = {
  maxSize: true,
  types: true,
  names: true,
  content: true,
  image: true,
  quarantine: true,
  scan: true,
  quota: true,
  owner: true,
} as const satisfies NamesOf<UploadPolicy>
const imageNames = { maxWidth: true, maxHeight: true, maxPixels: true } as const satisfies NamesOf<ImageLimits>
const quarantineNames = { container: true, prefix: true } as const satisfies NamesOf<Quarantine>
const quotaMethods = ['reserve', 'settle', 'release'] as const satisfies readonly (keyof Quota)[]
const contentModes = ['declared', 'detected', 'agree']

const compiled = new WeakMap<UploadPolicies, CompiledPolicy>()

/**
 * Returns the rules of a policy, or of several.
 *
 * @param option The name of the option, for messages.
 * @throws `INVALID_ARGUMENT`, which names the rule.
 */
export function compilePolicy(policies: UploadPolicies, option = 'policy'): CompiledPolicy {
  const known = typeof policies === 'object' && policies !== null ? compiled.get(policies) : undefined
  if (known !== undefined) return known
  const list = Array.isArray(policies) ? policies : [policies]
  const rules = list.map((policy: unknown) => compileOne(policy, option)).reduce(joined, noRules)
  compiled.set(policies, rules)
  return rules
}

/** Returns the rules of both. */
export function joined(first: CompiledPolicy, second: CompiledPolicy): CompiledPolicy {
  if (first === noRules) return second
  if (second === noRules) return first
  const sizes = [first.maxSize, second.maxSize].filter((size) => size !== undefined)
  return {
    maxSize: sizes.length === 0 ? undefined : Math.min(...sizes),
    types: [...first.types, ...second.types],
    names: [...first.names, ...second.names],
    detects: first.detects || second.detects,
    agrees: first.agrees || second.agrees,
    images: [...first.images, ...second.images],
    scans: [...first.scans, ...second.scans],
    quotas: [...first.quotas, ...second.quotas],
    quarantine: first.quarantine ?? second.quarantine,
  }
}

const noRules: CompiledPolicy = Object.freeze({
  maxSize: undefined,
  types: [],
  names: [],
  detects: false,
  agrees: false,
  images: [],
  scans: [],
  quotas: [],
  quarantine: undefined,
})

function compileOne(policy: unknown, option: string): CompiledPolicy {
  checkOptions(option, policy, ruleNames)
  const { maxSize, types, names, content = 'declared', image, quarantine, scan, quota, owner } = policy as UploadPolicy
  if (!contentModes.includes(content)) {
    throw invalid(`${option}.content`, `${option}.content must be declared, detected or agree, not ${shown(content)}`)
  }
  checkFunction(`${option}.scan`, scan)
  return {
    maxSize: maxSize === undefined ? undefined : wholeNumber(`${option}.maxSize`, maxSize, 0),
    types: types === undefined ? [] : [typeSet(`${option}.types`, types)],
    names: names === undefined ? [] : [nameRule(`${option}.names`, names)],
    detects: content === 'detected',
    agrees: content === 'agree',
    images: image === undefined ? [] : [imageLimits(`${option}.image`, image)],
    scans: scan === undefined ? [] : [scan],
    quotas: ownedQuotas(option, quota, owner),
    quarantine: quarantine === undefined ? undefined : checkQuarantine(`${option}.quarantine`, quarantine),
  }
}

function wholeNumber(property: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw invalid(property, `${property} must be a whole number from ${least}, not ${shown(value)}`)
}

function checkFunction(property: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(property, `${property} must be a function`)
}

/** Returns media types in lower case and without parameters, with their usual names. */
function typeSet(property: string, types: unknown): ReadonlySet<string> {
  if (!Array.isArray(types)) throw invalid(property, `${property} must be a list of media types`)
  return new Set(
    types.map((type: unknown) => {
      const bare = typeof type === 'string' ? essence(type) : ''
      if (/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'+.^_`|~0-9a-z-]+$/.test(bare)) return bare
      throw invalid(property, `${property} contains ${shown(type)}, which is not a media type`)
    }),
  )
}

/** Returns the type under the name that all lists contain; `undefined` if they do not allow it. */
export function allowedType({ types }: Pick<CompiledPolicy, 'types'>, type: string): string | undefined {
  if (types.every((allowed) => allowed.has(type))) return type
  const canonical = canonicalType(type)
  return types.every((allowed) => allowed.has(canonical)) ? canonical : undefined
}

function nameRule(property: string, names: unknown): NameRule {
  if (typeof names === 'function') return { allows: names as NameRule['allows'] }
  if (typeof names !== 'string') throw invalid(property, `${property} must be a regular expression or a function`)
  try {
    const expression = new RegExp(`^(?:${names})$`, 'u')
    return { allows: ({ name }) => expression.test(name), pattern: names }
  } catch {
    throw invalid(property, `${property} is not a regular expression: ${shown(names)}`)
  }
}

function imageLimits(property: string, image: unknown): ImageLimits {
  checkOptions(property, image, imageNames)
  const limits = image as ImageLimits
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  if (given.length === 0) throw invalid(property, `${property} must have maxWidth, maxHeight or maxPixels`)
  for (const [name, value] of given) wholeNumber(`${property}.${name}`, value, 1)
  return limits
}

function checkQuarantine(property: string, value: unknown): Quarantine {
  checkOptions(property, value, quarantineNames)
  const { container, prefix = '' } = value as Quarantine
  if (typeof container !== 'string' || container === '') {
    throw invalid(`${property}.container`, `${property}.container must be the name of a container`)
  }
  if (typeof prefix !== 'string' || !prefix.isWellFormed()) {
    throw invalid(`${property}.prefix`, `${property}.prefix must be a string of well-formed Unicode`)
  }
  return { container, prefix }
}

function ownedQuotas(option: string, quota: unknown, owner: unknown): OwnedQuota[] {
  if (owner !== undefined && typeof owner !== 'function' && (typeof owner !== 'string' || owner === '')) {
    throw invalid(`${option}.owner`, `${option}.owner must be a string or a function`)
  }
  if (quota === undefined) return []
  const complete =
    typeof quota === 'object' &&
    quota !== null &&
    quotaMethods.every((method) => typeof (quota as Quota)[method] === 'function')
  if (!complete) {
    throw invalid(`${option}.quota`, `${option}.quota must be an object with reserve, settle and release`)
  }
  const ownerOf = (file: AnnouncedFile): string => {
    const found = typeof owner === 'function' ? owner(file) : (owner ?? file.container)
    // Otherwise all users without a name would share an account.
    if (typeof found === 'string' && found !== '') return found
    throw new StorageError('INTERNAL', `${option}.owner must return a string that is not empty, not ${shown(found)}`)
  }
  return [{ quota: quota as Quota, ownerOf }]
}
