/**
 * Help texts, wrapped to a width that fits every terminal.
 */
const width = 80

/**
 * Wraps a text. Paragraphs flow from line to line. A line that begins with two blanks stays as it
 * is, or, if it has a gap, is a row of two columns, of which the right one is wrapped.
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

/** Wraps words after a prefix. The other lines are indented by the prefix's length. */
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
