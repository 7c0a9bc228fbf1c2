using System.Buffers.Binary;
using System.Security.Cryptography;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Targets;

/// <summary>
/// What a collection's documents come to, byte by byte, to be compared with what the target has. Where they come in order of their <c>_id</c>s it is the
/// MD5 that the server's own <c>dbHash</c> makes (nothing rests on its strength: it is held against mistakes, not against forgers); else a sum that is the
/// same in any order.
/// </summary>
internal sealed class ContentPrint : IDisposable
{
    private readonly IncrementalHash? _md5;
    private UInt128 _sum;

    /// <param name="isOrdered">Whether they come in order of their <c>_id</c>s.</param>
    internal ContentPrint(bool isOrdered) =>
        // As dbHash, which is MD5 by its definition.
        _md5 = isOrdered ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;

    internal bool IsOrdered => _md5 is not null;

    internal long Documents { get; private set; }

    internal void Add(ReadOnlySpan<byte> document)
    {
        Documents++;
        if (_md5 is not null)
        {
            _md5.AppendData(document);
            return;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(document, hash);
        _sum += BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>32 hex digits.</summary>
    internal string Text => _md5 is null ? $"{_sum:x32}" : Convert.ToHexStringLower(_md5.GetCurrentHash());

    public void Dispose() => _md5?.Dispose();
}

/// <summary>Takes the print of what is read through it.</summary>
internal sealed class PrintingCursor(DocumentCursor documents, ContentPrint print) : DocumentCursor
{
    public override ReadOnlyMemory<byte> Current => documents.Current;

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (!await documents.MoveNextAsync(cancellation))
        {
            return false;
        }

        print.Add(documents.Current.Span);
        return true;
    }

    public override ValueTask DisposeAsync() => documents.DisposeAsync();
}
