import type { OpenStackProvider } from '../src/index.js'

/** Returns the segments containers of a run of the suite whose container was deleted. */
export async function leftoversOf(provider: OpenStackProvider, run: string): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000)
  const { native } = provider
  const all = await native.list<{ name: string }>({ query: { limit: 9999 }, signal })
  const names = new Set(all.entries.map(({ name }) => name))
  const prefix = 'stowage-segments.'
  const parts = [...names].filter((name) => name.startsWith(prefix) && name.includes(run))
  return parts.filter((name) => !names.has(name.slice(prefix.length)))
}
