using Backup.Foundation.Streams;

namespace Backup.Snapshots.Exports;

/// <summary>
/// An export as a tar stream. A tar says how long a file is before its content: each is written twice, first to be measured. That costs a second
/// reading and no disk.
/// </summary>
internal sealed class TarFiles(Stream output, DateTimeOffset modified) : IExportFiles
{
    public async Task AddAsync(string path, Func<Stream, bool, Task> write, CancellationToken cancellation)
    {
        await using var measured = new CountingStream(Stream.Null);
        await write(measured, false);
        await output.WriteAsync(TarHeader.Of(path, measured.Length, modified), cancellation);
        await using var written = new CountingStream(output);
        await write(written, true);
        if (written.Length != measured.Length)
        {
            throw new InvalidOperationException(
                $"'{path}' was {measured.Length} bytes when it was measured, and {written.Length} when it was written."
            );
        }

        await output.WriteAsync(new byte[TarHeader.Padding(measured.Length)], cancellation);
    }

    /// <summary>Without this mark a tar is told to be cut off: it is written where everything before it was.</summary>
    internal ValueTask EndAsync(CancellationToken cancellation) =>
        output.WriteAsync(new byte[2 * TarHeader.BlockLength], cancellation);
}
