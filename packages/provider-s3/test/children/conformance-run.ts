// Runs the conformance suite over S3 in the current runtime, and prints each failed case as JSON.
import { setTimeout } from 'node:timers/promises'
import { registerConformance } from '@stowage/core/conformance'
import { S3Provider } from '@stowage/provider-s3'

const settings = JSON.parse(process.argv[2] ?? '')
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
  'amazon',
  { createProvider: () => new S3Provider(settings) },
)

const failures: Record<string, string> = {}
for (const { title, run } of cases) {
  try {
    // Only for a case that hangs, which would otherwise not be named.
    const hangs = setTimeout(120_000, undefined, { ref: false }).then(() => Promise.reject(new Error('the case hangs')))
    await Promise.race([run(), hangs])
  } catch (error) {
    failures[title] = String(error)
  }
}
console.log(JSON.stringify({ cases: cases.length, failures }))
process.exit()
