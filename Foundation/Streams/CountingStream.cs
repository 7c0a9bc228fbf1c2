namespace Backup.Foundation.Streams;

/// <summary>Passes on what is written, counted. Does not close what it writes to.</summary>
public sealed class CountingStream(Stream output) : WriteOnlyStream
{
    private long _count;

    /// <summary>Bytes so far.</summary>
    public override long Length => _count;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _count += buffer.Length;
        output.Write(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _count += buffer.Length;
        return output.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush() => output.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);
}
