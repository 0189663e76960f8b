/**
 * References to environment variables in the settings of a `datasources.json`.
 */
export type Environment = Readonly<Record<string, string | undefined>>

/** `${NAME}` or `${NAME:-fallback}` in a text. */
export interface EnvironmentReference {
  readonly variable: string
  /** Used when the variable is unset or empty, as in a shell. */
  readonly fallback: string | undefined
}

export const referenceRule =
  '"${" must begin a reference to an environment variable, ${NAME} or ${NAME:-default}; "$${" stands for the characters themselves'

/**
 * A text as its references and what is between them; nothing when it breaks the {@link
 * referenceRule}.
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

/** What a reference stands for; nothing when the variable is not set. */
export function lookUp({ variable, fallback }: EnvironmentReference, environment: Environment): string | undefined {
  const found = environment[variable]
  return fallback === undefined ? found : found || fallback
}

/** The number or the boolean that a text of the environment denotes, else the text itself. */
export function valueOfText(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * The value with each text in it replaced. `path` is where the text is: keys and indexes, joined by
 * dots.
 */
export function mapTexts(value: unknown, replace: (text: string, path: string) => unknown, path = ''): unknown {
  if (typeof value === 'string') return replace(value, path)
  if (typeof value !== 'object' || value === null) return value
  const within = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`)
  if (Array.isArray(value)) return value.map((each, index) => mapTexts(each, replace, within(index)))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, replace, within(key))]))
}
