/**
 * The attributes of a file that are HTTP headers of its downloads: one line each.
 *
 * A new attribute is a line here, one in the capabilities of each provider, and one in each
 * provider's own names.
 */

export interface HeaderAttributeRule {
  readonly header: string
  readonly example: string
  /** What the value must be, beyond visible ASCII, in words and as a check. */
  readonly rule?: string
  readonly meets?: (value: string) => boolean
}

/** Name → header and rule. */
export const headerAttributes = {
  cacheControl: { header: 'Cache-Control', example: 'max-age=60' },
  contentDisposition: { header: 'Content-Disposition', example: 'attachment; filename="all.bin"' },
  contentEncoding: { header: 'Content-Encoding', example: 'identity' },
  contentLanguage: { header: 'Content-Language', example: 'rm' },
  expires: {
    header: 'Expires',
    example: 'Thu, 01 Jan 2037 00:00:00 GMT',
    rule: 'a date in HTTP format (RFC 9110, 5.6.7), as Date.toUTCString() returns it',
    meets: (value: string) => new Date(value).toUTCString() === value,
  },
} as const satisfies Record<string, HeaderAttributeRule>

export type HeaderAttribute = keyof typeof headerAttributes

export const headerAttributeNames = Object.keys(headerAttributes) as readonly HeaderAttribute[]

/** The attributes that are headers, those that a file has. */
export type HeaderAttributes = { readonly [Name in HeaderAttribute]?: string }

/** What {@link pickHeaderAttributes} and providers build. */
export type MutableHeaderAttributes = { -readonly [Name in HeaderAttribute]?: string }

/**
 * The header attributes among an object's properties; those that are undefined or empty are left
 * out.
 *
 * @example
 * pickHeaderAttributes({ name: 'a', cacheControl: 'no-cache', contentLanguage: '' }) // { cacheControl: 'no-cache' }
 */
export function pickHeaderAttributes(object: HeaderAttributes): HeaderAttributes {
  const picked: MutableHeaderAttributes = {}
  for (const name of headerAttributeNames) if (object[name]) picked[name] = object[name]
  return picked
}

/**
 * The header attributes under a service's names.
 *
 * @example
 * renameAttributes({ cacheControl: 'no-cache' }, { cacheControl: 'CacheControl' }) // { CacheControl: 'no-cache' }
 */
export function renameAttributes<Name extends string>(
  attributes: HeaderAttributes,
  names: Readonly<Partial<Record<HeaderAttribute, Name>>>,
): { [Key in Name]?: string } {
  const renamed: { [Key in Name]?: string } = {}
  for (const attribute of headerAttributeNames) {
    const name = names[attribute]
    if (name !== undefined && attributes[attribute] !== undefined) renamed[name] = attributes[attribute]
  }
  return renamed
}

/**
 * The header attributes that a service returns under names of its own.
 *
 * @example
 * readAttributes({ CacheControl: 'no-cache' }, { cacheControl: 'CacheControl' }) // { cacheControl: 'no-cache' }
 */
export function readAttributes<Name extends string>(
  facts: { readonly [Key in Name]?: string | undefined },
  names: Readonly<Partial<Record<HeaderAttribute, Name>>>,
): HeaderAttributes {
  const attributes: MutableHeaderAttributes = {}
  for (const attribute of headerAttributeNames) {
    const name = names[attribute]
    const value = name === undefined ? undefined : facts[name]
    if (value) attributes[attribute] = value
  }
  return attributes
}
