using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Sync;

/// <summary>
/// Copies one range of one collection, by UUID, in the order of its <c>_id</c> index, from the last acknowledged document on. While one
/// slice is on its way the next is read.
/// </summary>
internal sealed class RangeCopier(
    SourceMember member,
    LeasedServer server,
    FlowLimits limits,
    WorkStatus status,
    string syncId,
    RangePosition range
)
{
    private long _sequence = range.NextSequence;
    private Task _post = Task.CompletedTask;

    /// <summary>The newest cluster time that a reply of the copy named: the end of the sync must not be before it.</summary>
    public ulong OperationTime { get; private set; }

    public async Task RunAsync(CancellationToken cancellation)
    {
        var last = Bound(range.LastId);
        if (range.NaturalOrder && _sequence > 0)
        {
            // A natural order cannot be picked up where it was left.
            _sequence = await server.ResetRangeAsync(syncId, range.Collection, range.Range, cancellation);
            last = null;
        }

        try
        {
            await CopyAsync(last, cancellation);
        }
        catch (CommandException refused)
            when (refused.ServerCode == ServerErrors.Unauthorized && ViewList.Is(range.Namespace))
        {
            await CopyViewsAsync(last, cancellation);
        }
        catch (CommandException gone) when (gone.ServerCode == ServerErrors.NamespaceNotFound)
        {
            // Dropped meanwhile: its drop is in the oplog, what was copied does no harm.
        }
        finally
        {
            await _post.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _post;
        await server.RangeDoneAsync(syncId, range.Collection, range.Range, cancellation);
    }

    private async Task CopyAsync(BsonDocument? last, CancellationToken cancellation)
    {
        var estimate = new ReplyEstimate(range.ExpectedDocuments, range.ExpectedBytes);
        using var writer = new SliceWriter(limits.Budget);
        var database = range.Namespace[..range.Namespace.IndexOf('.')];
        var share = await ReserveAsync(estimate, writer, cancellation);
        try
        {
            await using var cursor = await member.Client.OpenCursorAsync(
                database,
                Find(last, estimate.BatchSize),
                member.Target,
                new CursorOptions { BatchSize = estimate.BatchSize },
                cancellation
            );
            while (await cursor.NextBatchAsync(cancellation) is { } batch)
            {
                int length;
                using (batch)
                {
                    length = batch.Length;
                    share.Resize(2L * length);
                    estimate.Seen(length);
                    SeeTime(batch);
                    last = await TakeAsync(batch, last, writer, cancellation);
                }

                share.Dispose();
                await limits.Rate.AfterAsync(length, cancellation);
                share = await ReserveAsync(estimate, writer, cancellation);
            }
        }
        finally
        {
            share.Dispose();
        }

        if (!writer.IsEmpty)
        {
            await PostAsync(writer, cancellation);
        }
    }

    /// <summary>What may not be read is listed.</summary>
    private async Task CopyViewsAsync(BsonDocument? last, CancellationToken cancellation)
    {
        using var writer = new SliceWriter(limits.Budget);
        var database = range.Namespace[..range.Namespace.IndexOf('.')];
        var listed = new List<BsonDocument>();
        await using (
            var cursor = await member.Client.OpenCursorAsync(
                database,
                ViewList.Command,
                member.Target,
                new CursorOptions(),
                cancellation
            )
        )
        {
            while (await cursor.NextBatchAsync(cancellation) is { } batch)
            {
                using (batch)
                {
                    SeeTime(batch);
                    foreach (var one in batch)
                    {
                        listed.Add(one.View.ToDocument());
                    }
                }
            }
        }

        foreach (var view in ViewList.Definitions(database, listed))
        {
            if (last is { } sent && BsonOrder.CompareValues(view.View.First, sent.View.First) <= 0)
            {
                continue;
            }

            if (!writer.HasRoomFor(view.Length))
            {
                await PostAsync(writer, cancellation);
            }

            writer.Append(view.Span);
        }

        if (!writer.IsEmpty)
        {
            await PostAsync(writer, cancellation);
        }
    }

    /// <summary>
    /// Sets aside what the next reply takes, and as much again for the frame that it becomes where it does not compress. Before it waits
    /// for others, it sends what it holds itself: nobody waits for memory while holding some that is not on its way out.
    /// </summary>
    private async Task<ByteBudget.Share> ReserveAsync(
        ReplyEstimate estimate,
        SliceWriter writer,
        CancellationToken cancellation
    )
    {
        var bytes = 2L * estimate.Next;
        if (limits.Budget.TryTake(bytes) is { } share)
        {
            return share;
        }

        if (!writer.IsEmpty)
        {
            await PostAsync(writer, cancellation);
        }

        return await limits.Budget.TakeAsync(bytes, cancellation);
    }

    /// <summary>Moves a batch into the slice; the one document that was acknowledged before and comes first again is left out.</summary>
    /// <returns>Null: only the first batch can bring it.</returns>
    private async Task<BsonDocument?> TakeAsync(
        CursorBatch batch,
        BsonDocument? acknowledged,
        SliceWriter writer,
        CancellationToken cancellation
    )
    {
        foreach (var document in batch)
        {
            if (acknowledged is { } before)
            {
                acknowledged = null;
                if (IsSameId(document.View, before.View))
                {
                    continue;
                }
            }

            if (document.Length > AgentProtocol.MaxDocumentLength)
            {
                throw AgentErrors.TooLarge(range.Namespace, document.Length);
            }

            if (!writer.HasRoomFor(document.Length))
            {
                await PostAsync(writer, cancellation);
            }

            writer.Append(document.Span);
        }

        return acknowledged;
    }

    /// <summary>Sends the slice as soon as the one before it was acknowledged; comes back while it is on its way.</summary>
    private async Task PostAsync(SliceWriter writer, CancellationToken cancellation)
    {
        var slice = writer.Finish();
        try
        {
            await _post;
        }
        catch
        {
            slice.Dispose();
            throw;
        }

        var sequence = _sequence++;
        _post = SendAsync();

        async Task SendAsync()
        {
            using (slice)
            {
                await server.PutSyncSliceAsync(syncId, range.Collection, range.Range, sequence, slice, cancellation);
                status.Copied(sequence, slice.Documents, slice.RawLength);
            }
        }
    }

    private BsonDocument Find(BsonDocument? last, int batchSize) =>
        BsonDocument.Build(w =>
        {
            w.Uuid("find"u8, range.Collection).BeginDocument("filter"u8).EndDocument();
            if (!range.NaturalOrder)
            {
                w.BeginDocument("hint"u8).Int32("_id"u8, 1).EndDocument();
            }

            if ((last ?? Bound(range.From)) is { } from)
            {
                w.Document("min"u8, from);
            }

            if (Bound(range.Until) is { } until)
            {
                w.Document("max"u8, until);
            }

            w.Int32("batchSize"u8, batchSize)
                .Boolean("noCursorTimeout"u8, true)
                .BeginDocument("readConcern"u8)
                .String("level"u8, "majority")
                .EndDocument();
        });

    private static BsonDocument? Bound(string? base64) =>
        base64 is null ? null : new BsonDocument(Convert.FromBase64String(base64));

    private void SeeTime(CursorBatch batch)
    {
        if (
            batch.Reply.View.TryGet("operationTime"u8, out var time)
            && time.Type == BsonType.Timestamp
            && time.AsTimestamp > OperationTime
        )
        {
            OperationTime = time.AsTimestamp;
        }
    }

    // Equal as the index has it: 1 and 1.0 are one key.
    private static bool IsSameId(BsonView document, BsonView acknowledged) =>
        document.TryGet("_id"u8, out var id) && BsonOrder.CompareValues(id, acknowledged.First) == 0;
}
