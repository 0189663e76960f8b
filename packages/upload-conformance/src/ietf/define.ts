/** Makes the cases of the IETF's protocol. */
import type { Level, UploadCase } from '../suite/case.js'
import type { Need } from '../suite/offer.js'
import { IetfUploads } from './ietf-uploads.js'

type Definition = readonly [
  name: string,
  title: string,
  level: Level,
  section: string,
  run: (ietf: IetfUploads) => Promise<void>,
  needs?: readonly Need[],
]

/** Returns the cases of a subject. */
export function ietfCases(subject: string, definitions: readonly Definition[]): UploadCase[] {
  return definitions.map(([name, title, level, section, run, more = []]) => ({
    id: `ietf/${subject}/${name}`,
    title,
    level,
    section,
    needs: ['ietf', ...more],
    async run(target) {
      const uploads = new IetfUploads(target, target.interop)
      try {
        await run(uploads)
      } finally {
        await uploads.cleanUp()
      }
    },
  }))
}
