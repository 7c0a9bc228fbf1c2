using System.Security.Cryptography;
using Backup.Foundation.Streams;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// Takes all bytes of a download from the first on, hashes and counts them, and sends those of a part: from one byte up to another.
/// </summary>
/// <param name="from">The first byte that is sent.</param>
/// <param name="end">The one behind the last; <see cref="long.MaxValue"/> for all to the end.</param>
/// <param name="send">Sends; pieces are at most <see cref="LongestPiece"/> long.</param>
internal sealed class PartStream(long from, long end, Func<ReadOnlyMemory<byte>, ValueTask> send) : WriteOnlyStream
{
    internal const int LongestPiece = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _copy = new byte[LongestPiece];

    /// <summary>Bytes made so far, sent or not.</summary>
    internal long Made { get; private set; }

    /// <summary>Bytes sent so far.</summary>
    internal long Sent { get; private set; }

    /// <summary>Called when the last byte of the part was sent: the rest need not be made.</summary>
    internal Action? OnDone { get; set; }

    public override long Length => Made;

    /// <summary>SHA-256 of the bytes made so far.</summary>
    internal byte[] Hash() => _hash.GetCurrentHash();

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        _hash.AppendData(buffer.Span);
        var skipped = (int)Math.Clamp(from - Made, 0, buffer.Length);
        var taken = (int)Math.Clamp(end - Made, skipped, buffer.Length);
        Made += buffer.Length;
        for (var at = skipped; at < taken; at += LongestPiece)
        {
            var piece = buffer[at..Math.Min(taken, at + LongestPiece)];
            await send(piece);
            Sent += piece.Length;
        }

        if (Made >= end)
        {
            OnDone?.Invoke();
        }
    }

    // Compressing streams write synchronously when they are closed: a few bytes.
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(buffer.Length, _copy.Length)..])
        {
            var length = Math.Min(buffer.Length, _copy.Length);
            buffer[..length].CopyTo(_copy);
            WriteAsync(_copy.AsMemory(0, length)).AsTask().GetAwaiter().GetResult();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
