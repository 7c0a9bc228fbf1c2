using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Source;
using Backup.Agent.Work;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Tail;

/// <summary>
/// Ships the oplog from the last acknowledged entry on: majority-committed entries only, raw, as slices of about 10 MB or half a second (less of what comes fast).
/// The position is the server's: it moves when a slice is acknowledged, and is proven before anything is sent after a (re)start.
/// </summary>
internal sealed class OplogTail(
    SourceMember member,
    LeasedServer server,
    FlowLimits limits,
    WorkStatus status,
    TimeProvider time,
    SyncPosition position
)
{
    private static readonly TimeSpan MaxAwait = TimeSpan.FromMilliseconds(500);

    /// <summary>What is written to the source is in the head within a second, the way included.</summary>
    private static readonly TimeSpan CutAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>A slice that grows fast takes longer on the rest of its way, so it starts earlier.</summary>
    private static readonly TimeSpan CutLargeAfter = TimeSpan.FromMilliseconds(200);
    private const int LargeSlice = 512 * 1024;
    private static readonly TimeSpan MajorityPoll = TimeSpan.FromMilliseconds(50);

    /// <summary>After a reply so large the next is not read before what this one filled is acknowledged.</summary>
    private const int LargeReply = 2 * 1024 * 1024;

    private readonly bool _fresh = position.LastOplog is null;
    private readonly SliceWriter _writer = new(limits.Budget);
    private Optime _previous = (position.LastOplog ?? position.Begin).ToOptime();
    private Optime _first;
    private Optime _last;
    private Optime _majority;
    private long _started;
    private long _sequence = position.NextOplogSequence;
    private Task _post = Task.CompletedTask;

    /// <summary>Runs until it is cancelled or fails; the caller starts a new tail from the server's position.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7010 hole, 7011 rolled back, 7012 member behind, or the source's and server's errors.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await using var cursor = await member.Client.OpenCursorAsync(
                "local",
                Find(_previous),
                member.Target,
                new CursorOptions { MaxAwait = MaxAwait },
                cancellation
            );
            await ProveAsync(cursor, cancellation);
            while (await NextAsync(cursor, cancellation)) { }
        }
        finally
        {
            await _post.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _writer.Dispose();
        }
    }

    /// <summary>The first entry must be the last acknowledged one, or (for a new sync) the one it begins at.</summary>
    private async Task ProveAsync(MongoCursor cursor, CancellationToken cancellation)
    {
        using var batch = await cursor.NextBatchAsync(cancellation);
        if (batch is null || batch.IsEmpty)
        {
            throw await OplogEdge.ExplainAsync(member, _previous, found: null, cancellation);
        }

        using var share = limits.Budget.TakeNow(batch.Length);
        await CommittedAsync(batch, cancellation);
        var isFirst = true;
        foreach (var entry in batch)
        {
            var optime = OptimeOf(entry);
            if (isFirst)
            {
                isFirst = false;
                if (optime != _previous)
                {
                    throw await OplogEdge.ExplainAsync(member, _previous, optime, cancellation);
                }

                if (!_fresh)
                {
                    continue;
                }
            }

            await AddAsync(entry, optime, cancellation);
        }
    }

    private async Task<bool> NextAsync(MongoCursor cursor, CancellationToken cancellation)
    {
        // The tail never waits for memory, so that a copy cannot make the oplog roll away under it: it takes what a reply needs, and
        // the copies wait until there is room again.
        int length;
        using (var batch = await cursor.NextBatchAsync(cancellation))
        {
            if (batch is null)
            {
                return false;
            }

            length = batch.Length;
            using var share = limits.Budget.TakeNow(length);
            await CommittedAsync(batch, cancellation);
            foreach (var entry in batch)
            {
                await AddAsync(entry, OptimeOf(entry), cancellation);
            }

            if (!_writer.IsEmpty && (batch.IsEmpty || length > LargeReply || IsDue()))
            {
                await PostAsync(cancellation);
            }
        }

        // A post that failed ends the tail at the next batch, however quiet the source is.
        if (_post.IsFaulted || length > LargeReply)
        {
            await _post;
        }

        await limits.Rate.AfterAsync(length, cancellation);
        return true;
    }

    private bool IsDue() =>
        time.GetElapsedTime(_started) >= (_writer.RawLength >= LargeSlice ? CutLargeAfter : CutAfter);

    private async Task AddAsync(BsonDocument entry, Optime optime, CancellationToken cancellation)
    {
        if (entry.Length > AgentProtocol.MaxDocumentLength)
        {
            throw AgentErrors.TooLarge("local.oplog.rs", entry.Length);
        }

        if (!_writer.HasRoomFor(entry.Length))
        {
            await PostAsync(cancellation);
        }

        if (_writer.IsEmpty)
        {
            _first = optime;
            _started = time.GetTimestamp();
        }

        _writer.Append(entry.Span);
        _last = optime;
    }

    /// <summary>
    /// Waits until the batch's last entry is majority-committed. The read concern promises that already; a server that runs without
    /// majority reads does not keep the promise.
    /// </summary>
    private async Task CommittedAsync(CursorBatch batch, CancellationToken cancellation)
    {
        var newest = Optime.Zero;
        foreach (var entry in batch)
        {
            newest = OptimeOf(entry);
        }

        while (newest > _majority)
        {
            _majority = await member.MajorityAsync(cancellation);
            if (newest > _majority)
            {
                await Task.Delay(MajorityPoll, time, cancellation);
            }
        }
    }

    /// <summary>Sends the slice as soon as the one before it was acknowledged; comes back while it is on its way.</summary>
    private async Task PostAsync(CancellationToken cancellation)
    {
        var (first, last) = (_first, _last);
        var slice = _writer.Finish();
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
        var previous = sequence == 0 ? first : _previous;
        _previous = last;
        _post = SendAsync();

        async Task SendAsync()
        {
            using (slice)
            {
                await server.PutOplogSliceAsync(position.SyncId, sequence, previous, first, last, slice, cancellation);
                status.Tailed(sequence, slice.RawLength, last);
            }
        }
    }

    private BsonDocument Find(Optime from) =>
        BsonDocument.Build(w =>
        {
            w.String("find"u8, "oplog.rs")
                .BeginDocument("filter"u8)
                .BeginDocument("ts"u8)
                .Timestamp("$gte"u8, from.Timestamp)
                .EndDocument()
                .EndDocument()
                .Boolean("tailable"u8, true)
                .Boolean("awaitData"u8, true)
                .Boolean("noCursorTimeout"u8, true);
            if (member.SeeksOplogByFlag)
            {
                w.Boolean("oplogReplay"u8, true);
            }

            w.BeginDocument("readConcern"u8).String("level"u8, "majority").EndDocument();
        });

    private static Optime OptimeOf(BsonDocument entry) => SourceMember.ReadOptime(entry.View);
}
