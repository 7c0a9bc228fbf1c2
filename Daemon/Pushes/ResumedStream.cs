using System.Security.Cryptography;
using Backup.Daemon.Ssh;
using Backup.Foundation.Streams;

namespace Backup.Daemon.Pushes;

/// <summary>What is on the far side is not what would be sent now.</summary>
internal sealed class PartDiffersException() : Exception("The partial file is of something else.");

/// <summary>
/// Sends a stream into a file on the far side that may have its beginning already: that much is hashed and not sent, and its last bytes are compared with
/// those on the far side. Nothing is sent before they are.
/// </summary>
/// <param name="file">Open to be written; the caller flushes and closes it.</param>
/// <param name="there">Bytes that it has.</param>
/// <param name="tail">The last of them.</param>
/// <param name="told">Told of every byte, sent or not.</param>
internal sealed class ResumedStream(SftpFile file, long there, ReadOnlyMemory<byte> tail, Action<long> told)
    : WriteOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Exception? _failure;
    private long _position;

    public override long Length => _position;

    /// <summary>Of everything, whoever sent it.</summary>
    internal string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        if (_failure is not null)
        {
            // Buffers before this one try again when they are closed.
            throw _failure;
        }

        try
        {
            _hash.AppendData(buffer.Span);
            var old = (int)Math.Clamp(there - _position, 0, buffer.Length);
            Compare(buffer.Span[..old]);
            await file.WriteAsync(_position + old, buffer[old..], cancellationToken);
            _position += buffer.Length;
            told(buffer.Length);
        }
        catch (Exception failure)
        {
            _failure = failure;
            throw;
        }
    }

    // Compressing streams write synchronously when they are closed: a few bytes.
    public override void Write(ReadOnlySpan<byte> buffer) =>
        WriteAsync(buffer.ToArray()).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Compare(ReadOnlySpan<byte> old)
    {
        var start = there - tail.Length;
        if (old.IsEmpty || _position + old.Length <= start)
        {
            return;
        }

        var skip = (int)Math.Max(0, start - _position);
        var known = tail.Span.Slice((int)(_position + skip - start), old.Length - skip);
        if (!known.SequenceEqual(old[skip..]))
        {
            throw new PartDiffersException();
        }
    }
}
