/**
 * Puts the repository's address into what is published: the fields `repository`, `homepage` and
 * `bugs` of every package, and links of its Markdown files that lead out of its tarball. It changes
 * files of the checkout that a release is made from, and has no part in the repository itself.
 *
 * The address is in one place, the field `repository` of the `package.json` at the root. Without
 * one there is no release.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { replaceOutwardLinks } from './links.ts'
import { publishedPackages } from './packages.ts'

const [, , root = join(import.meta.dirname, '..', '..')] = process.argv
const { repository } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { repository: string }

if (!/^https:\/\/[^/]+\/.+[^/]$/.test(repository)) {
  console.error(
    'No release without the repository\'s address: set "repository" in the package.json at the root, as https://host/owner/name',
  )
  process.exit(1)
}

for (const { directory, manifest, files } of await publishedPackages(root)) {
  const path = relative(root, directory).split(sep).join('/')
  const about = {
    repository: { type: 'git', url: `git+${repository}.git`, directory: path },
    homepage: `${repository}/tree/HEAD/${path}#readme`,
    bugs: `${repository}/issues`,
  }
  await writeFile(join(directory, 'package.json'), `${JSON.stringify({ ...manifest, ...about }, undefined, 2)}\n`)
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(join(directory, file), 'utf8')
    const from = { directory: path, file, shipped: files }
    await writeFile(
      join(directory, file),
      replaceOutwardLinks(text, from, (target) => `${repository}/blob/HEAD/${target}`),
    )
  }
}
