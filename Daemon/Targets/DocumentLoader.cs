using System.Threading.Channels;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Targets;

/// <summary>
/// Inserts the documents of a collection: in unordered batches, several at a time. Memory is bounded: two batches more than are under way, each of
/// some 4 MiB or one document. A batch whose fate is unknown is sent again, and what of it is there already is taken for done: documents come
/// with their <c>_id</c>.
/// </summary>
internal sealed class DocumentLoader(RestoreTarget target, int parallelism, TimeProvider time)
{
    private const int BatchBytes = 4 * 1024 * 1024;
    private const int BatchDocuments = 5_000;
    private const int Attempts = 12;
    private const int Duplicate = 11000;

    private static readonly int[] PassingWriteConcerns = [6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436];

    /// <param name="database">Its database.</param>
    /// <param name="collection">Where the documents go.</param>
    /// <param name="documents">Read to the end.</param>
    /// <param name="inOrder">One batch after another: of capped collections.</param>
    /// <param name="told">Told of documents and bytes that were acknowledged.</param>
    /// <param name="cancellation">Stops between batches; what was inserted stays.</param>
    /// <returns>How many documents.</returns>
    /// <exception cref="BackupException">9031, 9033; those of reading.</exception>
    internal async Task<long> LoadAsync(
        string database,
        string collection,
        DocumentCursor documents,
        bool inOrder,
        Action<int, long> told,
        CancellationToken cancellation
    )
    {
        var workers = inOrder ? 1 : parallelism;
        var free = Channel.CreateUnbounded<Batch>();
        var full = Channel.CreateBounded<Batch>(1);
        var batches = Enumerable.Range(0, workers + 2).Select(_ => new Batch(collection)).ToList();
        batches.ForEach(batch => free.Writer.TryWrite(batch));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var sending = Enumerable.Range(0, workers).Select(_ => Guarded(SendAsync)).ToList();
            var reading = Guarded(ReadAsync);
            await Task.WhenAll([reading, .. sending]);
            return await reading;
        }
        finally
        {
            batches.ForEach(batch => batch.Dispose());
        }

        // The first that fails stops the others, and is the one that is told.
        async Task<long> Guarded(Func<Task<long>> work)
        {
            try
            {
                return await Task.Run(work, stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        async Task<long> ReadAsync()
        {
            var count = 0L;
            Batch? batch = null;
            while (await documents.MoveNextAsync(stop.Token))
            {
                // A command is a document itself: beside one of the largest there is no room for a second.
                if (batch is not null && !batch.HasRoomFor(documents.Current.Length))
                {
                    await full.Writer.WriteAsync(batch, stop.Token);
                    batch = null;
                }

                batch ??= await free.Reader.ReadAsync(stop.Token);
                count++;
                batch.Add(documents.Current.Span);
            }

            if (batch is not null)
            {
                await full.Writer.WriteAsync(batch, stop.Token);
            }

            full.Writer.Complete();
            return count;
        }

        async Task<long> SendAsync()
        {
            while (await full.Reader.WaitToReadAsync(stop.Token))
            {
                while (full.Reader.TryRead(out var batch))
                {
                    await InsertAsync(database, $"{database}.{collection}", batch, stop.Token);
                    told(batch.Documents, batch.Bytes);
                    batch.Clear();
                    await free.Writer.WriteAsync(batch, stop.Token);
                }
            }

            return 0;
        }
    }

    private async Task InsertAsync(string database, string ns, Batch batch, CancellationToken cancellation)
    {
        var command = batch.Complete();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var reply = await target.Client.RunCommandAsync(
                    database,
                    command,
                    ReadTarget.Primary,
                    cancellation
                );
                if (IsDone(ns, reply.View, isRepeated: attempt > 1))
                {
                    return;
                }
            }
            catch (BackupException failure)
                when (attempt < Attempts && failure.IsTransient && failure.Number != DaemonErrors.TargetRefusedDocument)
            {
                // Sent again below.
            }
            catch (BackupException failure) when (failure.Number != DaemonErrors.TargetRefusedDocument)
            {
                throw DaemonErrors.Refused($"inserting into '{ns}'", failure);
            }

            if (attempt == Attempts)
            {
                throw DaemonErrors.UnfitTarget(
                    $"The target's majority did not confirm documents of '{ns}' in {Attempts} attempts.",
                    "See that a majority of its members is up, then start again with --drop."
                );
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 << attempt, 10_000)), time, cancellation);
        }
    }

    /// <summary>Whether the duplicate is one of the key: a clustered collection has no index on it, and none is named.</summary>
    internal static bool IsOfId(string said) =>
        said.Contains(" index: _id_ ", StringComparison.Ordinal)
        || !said.Contains(" index: ", StringComparison.Ordinal);

    /// <returns>False where it has to be sent again.</returns>
    private static bool IsDone(string ns, BsonView reply, bool isRepeated)
    {
        if (reply.TryGet("writeErrors"u8, out var errors))
        {
            foreach (var error in errors.AsDocument)
            {
                var view = error.AsDocument;
                var code = view.TryGet("code"u8, out var number) ? (int)number.ToInt64() : 0;
                var said = view.TryGet("errmsg"u8, out var text) ? text.AsString : "";
                if (PassingWriteConcerns.Contains(code))
                {
                    return false;
                }

                if (!isRepeated || code != Duplicate || !IsOfId(said))
                {
                    throw DaemonErrors.RefusedDocument(ns, code, said);
                }
            }
        }

        if (!reply.TryGet("writeConcernError"u8, out var late))
        {
            return true;
        }

        var concern = late.AsDocument;
        var lateCode = concern.TryGet("code"u8, out var known) ? (int)known.ToInt64() : 0;
        return PassingWriteConcerns.Contains(lateCode)
            ? false
            : throw DaemonErrors.RefusedDocument(
                ns,
                lateCode,
                concern.TryGet("errmsg"u8, out var why) ? why.AsString : "its writes are not confirmed by a majority"
            );
    }

    /// <summary>An insert command as it grows.</summary>
    private sealed class Batch : IDisposable
    {
        private readonly BsonWriter _writer = new(64 * 1024);
        private readonly string _collection;

        internal Batch(string collection)
        {
            _collection = collection;
            Clear();
        }

        internal int Documents { get; private set; }

        internal long Bytes { get; private set; }

        internal bool HasRoomFor(int length) =>
            Documents == 0 || (Documents < BatchDocuments && Bytes + length <= BatchBytes);

        internal void Add(ReadOnlySpan<byte> document)
        {
            Span<byte> scratch = stackalloc byte[11];
            _writer.Document(_writer.ArrayItemName(scratch), document);
            Documents++;
            Bytes += document.Length;
        }

        internal BsonDocument Complete()
        {
            _writer.EndArray().EndDocument();
            return new BsonDocument(_writer.WrittenMemory);
        }

        internal void Clear()
        {
            (Documents, Bytes) = (0, 0);
            _writer.Clear();
            _writer
                .BeginDocument()
                .String("insert"u8, _collection)
                .Boolean("ordered"u8, false)
                .Boolean("bypassDocumentValidation"u8, true)
                .BeginDocument("writeConcern"u8)
                .String("w"u8, "majority")
                .EndDocument()
                .BeginArray("documents"u8);
        }

        public void Dispose() => _writer.Dispose();
    }
}
