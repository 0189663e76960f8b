/**
 * The attributes of a file that are HTTP headers of its downloads, one line each.
 *
 * A new attribute needs a line here, its name in each service that has its own names
 * (`mapping/header-names.ts` of S3, `mapping/attributes.ts` of Azure), and a case in the
 * conformance suite. Capabilities, options, the filesystem's records, Swift's headers, the router's
 * downloads and the schemas of the OpenAPI description follow from this table.
 */

/** The header of an attribute and the rule for its values. */
export interface HeaderAttributeRule {
  readonly header: string
  readonly example: string
  /** The rule beyond visible ASCII, in words and as a check. */
  readonly rule?: string
  readonly meets?: (value: string) => boolean
}

/** The header and the rule of each attribute. */
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

/**
 * Returns an object with a value for every header attribute.
 *
 * @example
 * mapHeaderAttributes((name) => name !== 'expires') // { cacheControl: true, …, expires: false }
 */
export function mapHeaderAttributes<Value>(getValue: (name: HeaderAttribute) => Value): {
  readonly [Name in HeaderAttribute]: Value
} {
  return Object.fromEntries(headerAttributeNames.map((name) => [name, getValue(name)])) as {
    readonly [Name in HeaderAttribute]: Value
  }
}

/** The header attributes that a file has. */
export type HeaderAttributes = { readonly [Name in HeaderAttribute]?: string }

/** {@link HeaderAttributes} while they are being collected. */
export type MutableHeaderAttributes = { -readonly [Name in HeaderAttribute]?: string }

/**
 * Returns the header attributes among an object's properties, without undefined and empty ones.
 *
 * @example
 * pickHeaderAttributes({ cacheControl: 'no-cache', expires: '' }) // { cacheControl: 'no-cache' }
 */
export function pickHeaderAttributes(object: HeaderAttributes): HeaderAttributes {
  const picked: MutableHeaderAttributes = {}
  for (const name of headerAttributeNames) if (object[name]) picked[name] = object[name]
  return picked
}

/**
 * Returns the header attributes under the service's names.
 *
 * @param names The service's name of each attribute that it has.
 *
 * @example
 * const names = { cacheControl: 'CacheControl' } as const
 * renameAttributes({ cacheControl: 'no-cache' }, names) // { CacheControl: 'no-cache' }
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
 * Returns the header attributes that a service returned under its own names. Reverses {@link
 * renameAttributes}.
 *
 * @example
 * const names = { cacheControl: 'CacheControl' } as const
 * readAttributes({ CacheControl: 'no-cache' }, names) // { cacheControl: 'no-cache' }
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
