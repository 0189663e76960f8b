import type { OpenStackProvider } from '../src/index.js'

/** Containers of parts whose container is gone, and what is in those of the others. */
export async function leftoversOf(provider: OpenStackProvider): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000)
  const { native } = provider
  const all = await native.list<{ name: string }>({ query: { limit: 9999 }, signal })
  const names = new Set(all.entries.map(({ name }) => name))
  const prefix = 'stowage-segments.'
  return [...names].filter((name) => name.startsWith(prefix) && !names.has(name.slice(prefix.length)))
}
