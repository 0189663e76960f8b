/**
 * Help texts, in lines that fit everywhere.
 */
const width = 80

/**
 * Prose flows from line to line. A line that begins with two blanks stands by itself: as it is, or, when it has a gap, as two columns of
 * which the right one flows.
 */
export function flowed(text: string): string {
  const lines: string[] = []
  let prose: string[] = []
  const endProse = () => {
    if (prose.length > 0) lines.push(...wrapped('', prose.join(' ')))
    prose = []
  }
  for (const line of text.split('\n')) {
    const [, left, right] = /^( {2,}\S.*? {2,})(\S.*)$/.exec(line) ?? []
    if (left !== undefined && right !== undefined) {
      endProse()
      lines.push(...wrapped(left, right))
    } else if (line === '' || line.startsWith('  ')) {
      endProse()
      lines.push(line)
    } else {
      prose.push(line)
    }
  }
  endProse()
  return lines.join('\n')
}

/** Words after what stands in front of their first line; the other lines begin below them. */
function wrapped(front: string, words: string): string[] {
  const [first = '', ...others] = words.split(' ')
  const lines = [`${front}${first}`]
  for (const word of others) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length <= width) lines[lines.length - 1] = line
    else lines.push(`${' '.repeat(front.length)}${word}`)
  }
  return lines
}
