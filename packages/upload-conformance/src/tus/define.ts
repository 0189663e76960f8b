/** Makes the cases of tus. */
import type { Level, UploadCase } from '../suite/case.js'
import type { Need } from '../suite/offer.js'
import { TusUploads } from './tus-uploads.js'

type Definition = readonly [
  name: string,
  title: string,
  level: Level,
  section: string,
  run: (tus: TusUploads) => Promise<void>,
  needs?: readonly Need[],
]

/**
 * Returns the cases of a subject.
 *
 * @param needs What all of them need, in addition to tus and to uploads that can be created.
 */
export function tusCases(subject: string, needs: readonly Need[], definitions: readonly Definition[]): UploadCase[] {
  return definitions.map(([name, title, level, section, run, more = []]) => ({
    id: `tus/${subject}/${name}`,
    title,
    level,
    section,
    needs: ['tus', ...needs, ...more],
    async run(target) {
      const uploads = new TusUploads(target)
      try {
        await run(uploads)
      } finally {
        await uploads.cleanUp()
      }
    },
  }))
}
