import type { DataSource } from '../storage/api.ts'

/** What may be uploaded, before a visitor tries. */
export function AllowedFiles({ source: { rules } }: { readonly source: DataSource }) {
  if (rules === undefined) return null
  const { types, names, image = {} } = rules
  const { maxWidth, maxHeight, maxPixels } = image
  const lines = [
    types && `Types: ${types.join(', ')}`,
    names && `Names: ${names}`,
    maxWidth && `Images: up to ${maxWidth.toLocaleString()} pixels wide`,
    maxHeight && `Images: up to ${maxHeight.toLocaleString()} pixels high`,
    maxPixels && `Images: up to ${maxPixels.toLocaleString()} pixels`,
  ].filter((line) => line !== undefined)
  return (
    <ul class="allowed hint">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}
