/** References to environment variables in the settings of a `datasources.json`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A `${NAME}` or `${NAME:-fallback}` in a text. */
export interface EnvironmentReference {
  readonly variable: string
  /** The value if the variable is unset or empty, as in a shell. */
  readonly fallback: string | undefined
}

export const referenceRule =
  '"${" must begin a reference to an environment variable, ${NAME} or ${NAME:-default}; write "$${" for a literal "${"'

/**
 * Splits a text into references to environment variables and the text between them. Returns
 * `undefined` if the text breaks the rule for references.
 *
 * @example
 * parseReferences('${DATA:-.}/files') // [{ variable: 'DATA', fallback: '.' }, '/files']
 */
export function parseReferences(text: string): readonly (string | EnvironmentReference)[] | undefined {
  const pieces: (string | EnvironmentReference)[] = []
  let end = 0
  for (const { 0: whole, 1: inside, index } of text.matchAll(/\$\$\{|\$\{([^}]*)\}?/g)) {
    const piece = inside === undefined ? '${' : parseReference(whole)
    if (piece === undefined) return undefined
    pieces.push(text.slice(end, index), piece)
    end = index + whole.length
  }
  return [...pieces, text.slice(end)].filter((piece) => piece !== '')
}

function parseReference(text: string): EnvironmentReference | undefined {
  const [, variable, fallback] = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{).)*))?\}$/s.exec(text) ?? []
  return variable === undefined ? undefined : { variable, fallback }
}

/** Returns the value of a reference, or `undefined` if the variable is not set. */
export function resolveReference(
  { variable, fallback }: EnvironmentReference,
  environment: Environment,
): string | undefined {
  const found = environment[variable]
  return fallback === undefined ? found : found || fallback
}

/** Returns the number or the boolean that a text denotes, or else the text. */
export function valueOfText(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * Returns a copy of a value in which every text is replaced.
 *
 * @param replace Called with the text and its path: keys and indexes, joined by dots.
 */
export function mapTexts(value: unknown, replace: (text: string, path: string) => unknown, path = ''): unknown {
  if (typeof value === 'string') return replace(value, path)
  if (typeof value !== 'object' || value === null) return value
  const within = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`)
  if (Array.isArray(value)) return value.map((each, index) => mapTexts(each, replace, within(index)))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, replace, within(key))]))
}
