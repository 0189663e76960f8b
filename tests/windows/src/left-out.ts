/** The cases that do not run under Wine, each with its reason. */

const slow = 'a thousand files and more take too long under Wine'

const slowCases = new Set(['B.16', 'F.14', 'M.28', 'M.29', 'M.30', 'O.4'])

const longPath = 'Wine cannot resolve a path of more than 260 characters (GetFinalPathNameByHandleW fails)'

/** Cases whose names, with the path of the root, are longer than 260 characters. */
const longPathCases = new Set(['B.5', 'C.32', 'C.34', 'W.8'])

const junction = 'Wine 8 cannot create junctions'

/** Returns why a case does not run under Wine. */
export function leftOut(id: string, canResolveLongPaths: boolean): string | undefined {
  if (slowCases.has(id)) return slow
  if (id === 'W.11') return junction
  return longPathCases.has(id) && !canResolveLongPaths ? longPath : undefined
}
