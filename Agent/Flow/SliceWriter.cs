using System.Security.Cryptography;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Foundation.Memory;

namespace Backup.Agent.Flow;

/// <summary>
/// Makes slices of raw documents: each goes straight from the reply it came in into zstd and SHA-256; the raw slice is never in
/// memory as a whole. What the unfinished frame takes is in the budget. Not thread-safe.
/// </summary>
internal sealed class SliceWriter(ByteBudget budget) : IDisposable
{
    // Fast rather than dense: the processor is the database's, and the server compresses again what it keeps.
    private readonly ZstdEncoder _encoder = new(level: 1);
    private ByteBudget.Share? _share;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public int RawLength { get; private set; }

    public int Documents { get; private set; }

    public bool IsEmpty => Documents == 0;

    /// <summary>
    /// Whether a document still belongs into this slice: up to the target, and one that is larger than the target has a slice for itself,
    /// so that no slice holds more than the larger of both.
    /// </summary>
    public bool HasRoomFor(int documentLength) => IsEmpty || RawLength + documentLength <= AgentProtocol.SliceTarget;

    public void Append(ReadOnlySpan<byte> document)
    {
        _share ??= budget.TakeNow(0);
        _encoder.Append(document);
        _hash.AppendData(document);
        RawLength += document.Length;
        Documents++;
        _share.Resize(_encoder.Written);
    }

    /// <summary>Ends the slice and hands it over; the next one begins.</summary>
    public Slice Finish()
    {
        var frame = _encoder.Finish(out var length);
        var share = _share ?? budget.TakeNow(0);
        share.Resize(length);
        _share = null;
        var slice = new Slice(frame, length, RawLength, Documents, _hash.GetHashAndReset(), share);
        RawLength = 0;
        Documents = 0;
        return slice;
    }

    public void Dispose()
    {
        _share?.Dispose();
        _encoder.Dispose();
        _hash.Dispose();
    }
}

/// <summary>A slice ready to be sent; holds its share of the budget until it is disposed.</summary>
internal sealed class Slice(
    NativeBuffer frame,
    int length,
    int rawLength,
    int documents,
    byte[] sha256,
    ByteBudget.Share share
) : IDisposable
{
    public ReadOnlyMemory<byte> Frame => frame.Memory[..length];

    public int RawLength => rawLength;

    public int Documents => documents;

    public byte[] Sha256 => sha256;

    public void Dispose()
    {
        frame.Free();
        share.Dispose();
    }
}
