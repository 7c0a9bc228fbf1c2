using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Targets;

/// <summary>
/// Of a collection those documents that the target does not have yet: both are read in the order of <c>_id</c>s, of the target the <c>_id</c>s alone. So a
/// restore that was broken off goes on wherever it was, with no note of how far it had come.
/// </summary>
/// <param name="ns">For errors.</param>
/// <param name="documents">All of them, in the order of <c>_id</c>s.</param>
/// <param name="there">Documents <c>{_id: …}</c> of the target, in the same order.</param>
internal sealed class MissingDocuments(string ns, DocumentCursor documents, IAsyncEnumerator<BsonDocument> there)
    : DocumentCursor
{
    private readonly ArrayBufferWriter<byte> _key = new(64);
    private byte[]? _next;
    private bool _hasBegun;

    /// <summary>Documents that were there already.</summary>
    internal long Skipped { get; private set; }

    public override ReadOnlyMemory<byte> Current => documents.Current;

    /// <exception cref="Foundation.Errors.BackupException">9157 where the target holds a document that the backup does not; others of both.</exception>
    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            await AdvanceAsync();
        }

        while (await documents.MoveNextAsync(cancellation))
        {
            switch (Compare())
            {
                case < 0:
                    return true;
                case > 0:
                    throw DaemonErrors.ForeignDocument(ns);
                default:
                    Skipped++;
                    await AdvanceAsync();
                    break;
            }
        }

        return _next is null ? false : throw DaemonErrors.ForeignDocument(ns);
    }

    public override async ValueTask DisposeAsync()
    {
        await there.DisposeAsync();
        await documents.DisposeAsync();
    }

    /// <summary>The backup's document beside the target's.</summary>
    private int Compare()
    {
        if (_next is null)
        {
            return -1;
        }

        _key.ResetWrittenCount();
        DocumentKey.Write(documents.View, _key);
        return _key.WrittenSpan.SequenceCompareTo(_next);
    }

    private async ValueTask AdvanceAsync() =>
        _next = await there.MoveNextAsync() ? DocumentKey.Of(there.Current.View) : null;
}
