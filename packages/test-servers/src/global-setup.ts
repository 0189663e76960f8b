/**
 * vitest's global setup for a project that needs servers, named in its configuration:
 *
 *     defineProject({
 *       test: {
 *         globalSetup: ['@stowage/test-servers/global-setup'],
 *         provide: { servers: ['ceph'] },
 *       },
 *     })
 *
 * The servers of all projects of a run start once, at the same time, and are stopped after the last
 * project. Tests use `describeServer`.
 */
import type { TestProject } from 'vitest/node'
import { pool } from './servers.js'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const serversOf = ({ config }: TestProject) => config.provide.servers ?? []
  // vitest sets up projects one after the other. The servers of later ones start in the background.
  for (const other of project.vitest.projects) pool.begin(serversOf(other))
  pool.join()
  const wanted = serversOf(project)
  const endpoints = await Promise.all(wanted.map(async (name) => [name, await pool.endpointOf(name)] as const))
  project.provide('endpoints', Object.fromEntries(endpoints))
  return () => pool.leave()
}
