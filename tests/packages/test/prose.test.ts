import { expect, test } from 'vitest'
import { commentProblems, proseProblems } from '../../../scripts/prose.ts'

const long = 'words '.repeat(20).trim()
const path = `docs/${'long-'.repeat(20)}name.md`

test.each([
  ['a long line', long],
  ['a long list item', `- ${long}`],
  ['a link after text', `See the page [here](${path}).`],
])('%s is reported', (_, markdown) => {
  expect(proseProblems(markdown)).toMatchObject([{ line: 1, message: expect.stringMatching(/columns, at most 100/) }])
})

test.each([
  ['100 columns', 'x'.repeat(48) + ' '.repeat(4) + '🌊'.repeat(48)],
  ['a table', `| ${long} |`],
  ['code', `\`\`\`sh\n${long} answer\n\`\`\``],
  ['code in a list', `- item\n\n  \`\`\`sh\n  ${long}\n  \`\`\``],
  ['the front matter of a changeset', `---\n'${long}': minor\n---\n\nText.`],
  ['a link alone', `- [${long}](${path})`],
  ['an image with a link', `[![${long}](${path})](${path})`],
  ['a link definition', `[page]: ${path} '${long}'`],
  [
    'code and addresses that contain a word',
    'The code was `BAD answer`; see [it](answer.md#nobody) or https://a.example/answer.',
  ],
])('%s is accepted', (_, markdown) => {
  expect(proseProblems(markdown)).toEqual([])
})

test('words are reported at their lines, also in tables and across lines', () => {
  const problems = proseProblems(
    'Nobody knows.\n\n| it | is looked at |\n\n```js\n// somebody\n```\n\nThe value is held\nagainst it.',
  )
  expect(problems).toEqual([
    { line: 1, message: expect.stringMatching(/^"Nobody": write /) },
    { line: 3, message: expect.stringMatching(/^"is looked at": write /) },
    { line: 9, message: expect.stringMatching(/^"held against": write /) },
  ])
})

test('a wide comment is reported, and code and addresses are not', () => {
  const lines = [`// ${long}`, `  * ${long}`, `const text = '${long}'`, `// https://a.example/${'long-'.repeat(20)}`]
  expect(commentProblems(lines.join('\n'), 'packages/core/src/a.ts')).toMatchObject([{ line: 1 }, { line: 2 }])
})

test('words in comments are reported at their lines, also at the end of code and across lines', () => {
  const lines = [
    '/** The answer to a request. */',
    ["const answer = 'nobody'", '// Somebody else reads it.'].join(' '),
    '/*',
    ' * The value is held',
    ' * against a part upload.',
    ' */',
    '/* It was looked at. */',
    '// `answer()`, https://a.example/answer',
    "const address = 'https://a.example//nobody'",
  ]
  expect(commentProblems(lines.join('\n'), 'packages/core/test/a.test.ts')).toEqual([
    { line: 1, message: expect.stringMatching(/^"answer": write /) },
    { line: 2, message: expect.stringMatching(/^"Somebody": write /) },
    { line: 4, message: expect.stringMatching(/^"held against": write /) },
    { line: 5, message: expect.stringMatching(/^"part upload": write /) },
    { line: 7, message: expect.stringMatching(/^"was looked at": write /) },
  ])
})

test('the comments of the command line may call the reply to a question an answer', () => {
  const source = '// Asks again if the answer is empty. Nobody is asked twice.'
  const nobody = { line: 1, message: expect.stringMatching(/^"Nobody": write /) }
  expect(commentProblems(source, 'packages/cli/src/terminal/questions.ts')).toEqual([nobody])
  expect(commentProblems(source, 'packages/client/src/questions.ts')).toHaveLength(2)
})
