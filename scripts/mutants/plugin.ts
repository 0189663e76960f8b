/**
 * A vite plugin that applies the mutant in the environment variable `STOWAGE_MUTANT` when its
 * source file is loaded, or its built file, for a module of core. No file on disk is changed.
 */
import type { Plugin } from 'vitest/config'
import { builtFile, type Mutant } from './mutant.ts'

export function mutantPlugin(): Plugin[] {
  const json = process.env['STOWAGE_MUTANT']
  if (json === undefined) return []
  const { file, find, replace } = JSON.parse(json) as Mutant
  return [
    {
      name: 'stowage-mutant',
      enforce: 'pre',
      transform(code, id) {
        if (!id.endsWith(file) && !id.endsWith(builtFile(file))) return undefined
        if (code.split(find).length !== 2)
          throw new Error(`the mutant's text must occur exactly once in ${file}: ${find}`)
        return { code: code.replace(find, () => replace), map: null }
      },
    },
  ]
}
