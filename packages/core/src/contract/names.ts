/** The rules for names, which are the same on every provider. */
import type { ContainerNameRule } from './capabilities.js'
import { StorageError } from './errors.js'

/** The longest file name, in bytes of UTF-8: the limit of Amazon S3, Azure Blob and Swift. */
export const maxFileNameBytes = 1024

/**
 * Checks a file's name: well-formed Unicode of 1 to {@link maxFileNameBytes} bytes in UTF-8.
 *
 * @throws `INVALID_NAME` with the rule that the name breaks.
 *
 * @example
 * checkFileName('holidays/2026/beach.jpg')
 */
export function checkFileName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new StorageError('INVALID_NAME', `file name must be a string, not ${kind(name)}`)
  if (name === '') throw new StorageError('INVALID_NAME', 'file name must not be empty')
  if (!name.isWellFormed()) {
    throw new StorageError('INVALID_NAME', 'file name must be well-formed Unicode, without lone surrogates')
  }
  if (name.length * 3 > maxFileNameBytes) {
    const bytes = Buffer.byteLength(name)
    if (bytes > maxFileNameBytes) {
      throw new StorageError(
        'INVALID_NAME',
        `file name must have at most ${maxFileNameBytes} bytes in UTF-8, not ${bytes}`,
      )
    }
  }
}

const expressions = new WeakMap<ContainerNameRule, RegExp>()

/** Returns the rule's expression, which is compiled once, because every request checks a name. */
function expressionOf(rule: ContainerNameRule): RegExp {
  let expression = expressions.get(rule)
  if (expression === undefined) {
    expression = new RegExp(`^(?:${rule.pattern})$`, 'u')
    expressions.set(rule, expression)
  }
  return expression
}

/** The last valid name. Most calls use the container of the previous call. */
let lastValid: { readonly name: unknown; readonly rule: ContainerNameRule | undefined } = { name: '', rule: undefined }

/**
 * Checks a container's name against a provider's rule.
 *
 * @throws `INVALID_NAME` with the rule.
 *
 * @example
 * checkContainerName('photos', storage.capabilities.containerNames)
 */
export function checkContainerName(name: unknown, rule: ContainerNameRule): asserts name is string {
  if (name === lastValid.name && rule === lastValid.rule) return
  if (typeof name !== 'string') {
    throw new StorageError('INVALID_NAME', `container name must be a string, not ${kind(name)}`)
  }
  const bytes = Buffer.byteLength(name)
  if (!name.isWellFormed() || bytes < rule.minBytes || bytes > rule.maxBytes || !expressionOf(rule).test(name)) {
    throw new StorageError(
      'INVALID_NAME',
      `invalid container name ${JSON.stringify(shortened(name))}: must be ${rule.rule}`,
    )
  }
  lastValid = { name, rule }
}

/**
 * The names that all providers allow: 3 to 63 lower-case letters, digits and single hyphens,
 * beginning and ending with a letter or a digit. A container with such a name can be moved to any
 * provider.
 */
export const portableContainerName: ContainerNameRule = Object.freeze({
  pattern: '[a-z0-9]+(-[a-z0-9]+)*',
  minBytes: 3,
  maxBytes: 63,
  rule: '3 to 63 lower-case letters, digits and single hyphens, beginning and ending with a letter or a digit',
})

/**
 * Compares two names by their UTF-8 bytes, which is the order of their code points. Every list has
 * this order.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    // UTF-16 sorts surrogates (code points above U+FFFF) before U+E000 to U+FFFF, UTF-8 after them.
    return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

const codePointRank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

const kind = (value: unknown) => (value === null ? 'null' : typeof value)

const shortened = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name)
