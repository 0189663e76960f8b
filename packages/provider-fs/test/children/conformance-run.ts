// Runs the conformance suite over a directory in the current runtime, and prints each failed case
// as JSON.
import { registerConformance } from '@stowage/core/conformance'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = ''] = process.argv.slice(2)
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
  'filesystem',
  { createProvider: () => new FilesystemProvider({ root }) },
)

const failures: Record<string, string> = {}
for (const { title, run } of cases) {
  try {
    await run()
  } catch (error) {
    failures[title] = String(error)
  }
}
console.log(JSON.stringify({ cases: cases.length, failures }))
process.exit()
