/**
 * A real service given in the environment: the values of `STOWAGE_TEST_<service>_<name>`. Nothing
 * when none of the required ones is set; an error when only some are, since a run against another
 * server than the one meant would mislead.
 */
export function fromEnvironment<Required extends string, Optional extends string = never>(
  service: string,
  required: readonly Required[],
  optional: readonly Optional[] = [],
): ({ readonly [name in Required]: string } & { readonly [name in Optional]?: string }) | undefined {
  const variable = (name: string) => `STOWAGE_TEST_${service}_${name}`
  const values = new Map<string, string>()
  for (const name of [...required, ...optional]) {
    const value = process.env[variable(name)]
    if (value !== undefined && value !== '') values.set(name, value)
  }
  if (values.size === 0) return undefined
  const missing = required.filter((name) => !values.has(name))
  if (missing.length > 0) {
    throw new Error(`to test against a real service, ${missing.map(variable).join(' and ')} must be set too`)
  }
  return Object.fromEntries(values) as { readonly [name in Required]: string } & {
    readonly [name in Optional]?: string
  }
}

export const noServers = 'STOWAGE_TEST_SERVERS is none'

const placements = ['containers', 'native', 'none'] as const

/** Where `STOWAGE_TEST_SERVERS` says that servers run; `none`: tests that need one are left out. */
export function wantedPlacement(): (typeof placements)[number] | undefined {
  const wanted = process.env['STOWAGE_TEST_SERVERS']
  if (wanted === undefined || wanted === '') return undefined
  const known = placements.find((placement) => placement === wanted)
  if (known !== undefined) return known
  throw new Error(`invalid STOWAGE_TEST_SERVERS ${JSON.stringify(wanted)} (known: ${placements.join(', ')})`)
}
