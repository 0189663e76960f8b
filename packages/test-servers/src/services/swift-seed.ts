/**
 * The conformance harness's `bulk` for the Swift that the tests start. Without a URL (a Swift given
 * in the environment) the result is empty, and the suite uses the provider.
 *
 * @param url The `seedUrl` of the endpoint.
 */
export function bulkThrough(url: string | undefined) {
  if (url === undefined) return {}
  const change = async (container: string, method: 'PUT' | 'DELETE', body?: string) => {
    const response = await fetch(`${url}/${container}`, { method, body: body ?? null })
    if (!response.ok) throw new Error(`seed: ${method} ${container}: ${response.status} ${await response.text()}`)
  }
  return {
    bulk: {
      put: (container: string, files: readonly string[]) => change(container, 'PUT', JSON.stringify(files)),
      clear: (container: string) => change(container, 'DELETE'),
    },
  }
}
