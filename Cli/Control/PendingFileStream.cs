using Backup.Foundation.Files;
using Backup.Foundation.Streams;

namespace Backup.Cli.Control;

/// <summary>A stream onto a <see cref="PendingFile"/>, which may be handed to the appliance instead.</summary>
internal sealed class PendingFileStream(PendingFile file) : WriteOnlyStream
{
    internal PendingFile File => file;

    public override long Length => file.Length;

    public override void Write(ReadOnlySpan<byte> buffer) => file.Append(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        file.Append(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
