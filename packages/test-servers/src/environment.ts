/**
 * A real service given in the environment: the values of `STOWAGE_TEST_<service>_<name>`. Nothing when none of the required
 * ones is set; an error when only some are, since a run against another server than the one meant would mislead.
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
