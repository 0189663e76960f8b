/**
 * Applies the mutant in `STOWAGE_MUTANT` in a process of the suite, which loads the built files.
 * Loaded with Node's `--import`.
 */
import { registerHooks } from 'node:module'
import { builtFile, type Mutant } from './mutant.ts'

const { file, find, replace } = JSON.parse(process.env['STOWAGE_MUTANT'] ?? '{}') as Mutant
const built = builtFile(file)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(built)) return loaded
    const code = String(loaded.source)
    if (code.split(find).length !== 2) throw new Error(`the mutant's text must occur exactly once in ${built}: ${find}`)
    return { ...loaded, source: code.replace(find, () => replace) }
  },
})
