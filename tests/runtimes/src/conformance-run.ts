// Runs the conformance suite in the current runtime, and prints the number of cases and each failed
// case as JSON.
//
// Arguments: the provider's package, its settings as JSON.
import { setTimeout } from 'node:timers/promises'
import { registerConformance } from '@stowage/core/conformance'
import type { ProviderModule } from '@stowage/core/provider'

const [name = '', settings = ''] = process.argv.slice(2)
const { createProvider } = (await import(name)) as ProviderModule
const cases: { readonly title: string; readonly run: () => Promise<void> }[] = []
const titles: string[] = []
registerConformance(
  {
    describe: (title, define) => {
      titles.push(title)
      define()
      titles.pop()
    },
    it: (title, { skip = false }, run) => {
      if (!skip) cases.push({ title: `${titles.at(-1)} > ${title}`, run })
    },
  },
  name,
  { createProvider: () => createProvider(JSON.parse(settings), { directory: process.cwd() }) },
)

const failures: Record<string, string> = {}
for (const { title, run } of cases) {
  try {
    // Only for a case that hangs, which would otherwise not be named.
    const hangs = setTimeout(600_000, undefined, { ref: false }).then(() => Promise.reject(new Error('the case hangs')))
    await Promise.race([run(), hangs])
  } catch (error) {
    failures[title] = String(error)
  }
}
console.log(JSON.stringify({ cases: cases.length, failures }))
process.exit()
