using Backup.MongoQuery;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Serving;

/// <summary>Runs queries: reads documents, a few batches at a time, and gives them to their pipelines.</summary>
internal sealed class ServeReader(ServedMoment moment, ServedCursors cursors, ServeOptions options) : IAsyncDisposable
{
    private readonly SemaphoreSlim _reads = new(options.ParallelReads);

    /// <summary>A reply with a cursor's next batch; the cursor is kept while it has more to give.</summary>
    /// <param name="cursor">Open, or new.</param>
    /// <param name="name">Of the array: <c>firstBatch</c> or <c>nextBatch</c>.</param>
    /// <param name="size">Documents at most.</param>
    /// <param name="single">Whether the cursor ends with it.</param>
    /// <param name="cancellation">The client hung up, or the time that it gave is over.</param>
    internal async Task<BsonDocument> BatchAsync(
        ServedCursor cursor,
        string name,
        long size,
        bool single,
        CancellationToken cancellation
    )
    {
        using var writer = new BsonWriter(16 << 10);
        writer.BeginDocument().BeginDocument("cursor"u8).BeginArray(System.Text.Encoding.UTF8.GetBytes(name));
        try
        {
            await _reads.WaitAsync(cancellation);
            try
            {
                await cursor.FillAsync(writer, size, cancellation);
            }
            finally
            {
                _reads.Release();
            }
        }
        catch
        {
            await CloseAsync(cursor);
            throw;
        }

        var stays = !cursor.IsDone && !single;
        if (stays)
        {
            await cursors.KeepAsync(cursor);
        }
        else
        {
            await CloseAsync(cursor);
        }

        writer.EndArray().Int64("id"u8, stays ? cursor.Id : 0).String("ns"u8, cursor.Namespace).EndDocument();
        writer.Double("ok"u8, 1).EndDocument();
        return writer.ToDocument();
    }

    internal ServedCursor Cursor(string ns, ServedQuery query) =>
        new(ns, query.Pipeline.HoldsDocuments, cursor => RunAsync(query, () => cursor.Reading));

    internal static ServedCursor Cursor(string ns, IEnumerable<BsonDocument> documents) =>
        new(ns, holds: false, _ => documents.ToAsyncEnumerable());

    /// <summary>Walks all that a query answers.</summary>
    internal async Task EachAsync(ServedQuery query, Action<BsonDocument> document, CancellationToken cancellation)
    {
        await _reads.WaitAsync(cancellation);
        try
        {
            await foreach (var one in RunAsync(query, () => cancellation))
            {
                document(one);
            }
        }
        finally
        {
            _reads.Release();
        }
    }

    /// <summary>How many documents a query without stages finds.</summary>
    internal async Task<long> CountAsync(ServedQuery query, bool everything, CancellationToken cancellation)
    {
        if (query.Collection is not { } collection)
        {
            return 0;
        }

        if (everything && await moment.SizeAsync(collection, exactly: true, cancellation) is { } size)
        {
            return size.Documents;
        }

        long count = 0;
        await EachAsync(query, _ => count++, cancellation);
        return count;
    }

    public ValueTask DisposeAsync()
    {
        _reads.Dispose();
        return cursors.DisposeAsync();
    }

    private async ValueTask CloseAsync(ServedCursor cursor)
    {
        if (!await cursors.RemoveAsync(cursor.Id))
        {
            await cursor.DisposeAsync();
        }
    }

    /// <param name="query">What to run.</param>
    /// <param name="reading">The token of the command that reads now: each batch has its own.</param>
    private async IAsyncEnumerable<BsonDocument> RunAsync(ServedQuery query, Func<CancellationToken> reading)
    {
        using var pipeline = query.Pipeline;
        pipeline.Pulse = () => reading().ThrowIfCancellationRequested();
        if (query.Collection is { } collection)
        {
            await using var documents = await moment.OpenAsync(collection, query.Id, query.Naturally, reading());
            while (!pipeline.IsFull && await documents.MoveNextAsync(reading()))
            {
                // Blocks at hand are read without waiting: a scan must end when it is told to.
                reading().ThrowIfCancellationRequested();
                if (Taken(pipeline, documents) is { } document)
                {
                    foreach (var output in pipeline.Take(document))
                    {
                        reading().ThrowIfCancellationRequested();
                        yield return output;
                    }
                }
            }
        }

        foreach (var output in pipeline.End())
        {
            reading().ThrowIfCancellationRequested();
            yield return output;
        }
    }

    /// <summary>A copy of the current document, where it meets the filter.</summary>
    private static BsonDocument? Taken(Pipeline pipeline, DocumentCursor documents) =>
        pipeline.Filter.Matches(documents.View) ? documents.View.ToDocument() : null;
}
