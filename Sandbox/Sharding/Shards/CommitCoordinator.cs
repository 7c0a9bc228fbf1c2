using System.Collections.Concurrent;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Storage;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>
/// Two-phase commit, by the shard that a transaction wrote to first: prepares all participants, writes down the decision, tells it to all. What it has
/// begun is in <c>config.transaction_coordinators</c>, from where it is taken up again by whoever is the shard's primary next.
/// </summary>
internal sealed class CommitCoordinator(SandboxCluster cluster, string shard)
{
    private const string Collection = "transaction_coordinators";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<BsonDocument, Task<bool>> _running = [];
    private readonly SetLink _own = cluster.Link(shard);

    /// <summary>Brings a transaction to its end, whoever asks and however often.</summary>
    /// <param name="id"><c>{lsid, txnNumber}</c></param>
    /// <param name="participants">None: whoever asks does not know them and wants to hear how it ended.</param>
    /// <exception cref="CommandFault">251 where it is aborted.</exception>
    public async Task DecideAsync(BsonDocument id, IReadOnlyList<string> participants, CancellationToken cancellation)
    {
        bool? isCommitted;
        while ((isCommitted = await OutcomeAsync(id, participants, cancellation)) is null)
        {
            // Prepared, and not taken up again yet.
            await Task.Delay(Look, cluster.Time, cancellation);
        }

        if (isCommitted == false)
        {
            throw CommandFault.NoSuchTransaction($"Transaction {id.View["txnNumber"u8].ToInt64()} has been aborted.");
        }
    }

    /// <summary>Takes up what is written down and nobody works on, until the cluster stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var document in Unfinished())
            {
                var id = document.View["_id"u8].AsDocument.ToDocument();
                var participants = new List<string>();
                foreach (var participant in document.View["participants"u8].AsDocument)
                {
                    participants.Add(participant.AsString);
                }

                if (!_running.ContainsKey(id))
                {
                    _ = Start(id, participants, DecisionOf(document));
                }
            }

            await Task.Delay(Look, cluster.Time, stopping).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>How the transaction ends or has ended; null: that is not known yet.</summary>
    private async Task<bool?> OutcomeAsync(
        BsonDocument id,
        IReadOnlyList<string> participants,
        CancellationToken cancellation
    )
    {
        if (_running.TryGetValue(id, out var running))
        {
            return await running.WaitAsync(cancellation);
        }

        var state = _own.Read(engine => StateOf(engine, id, endsOpen: participants.Count == 0));
        return state switch
        {
            TransactionState.Committed => true,
            TransactionState.Prepared => null,
            TransactionState.InProgress => await Start(id, participants, decision: null).WaitAsync(cancellation),
            _ => false,
        };
    }

    /// <param name="endsOpen">Whether a transaction that is still open is given up: nobody knows its participants any more.</param>
    private static TransactionState StateOf(Engine engine, BsonDocument id, bool endsOpen)
    {
        var session = engine.Sessions.Of(id.View["lsid"u8].AsDocument.ToDocument());
        if (session.Number != id.View["txnNumber"u8].ToInt64() || session.Transaction is not { } transaction)
        {
            return TransactionState.Aborted;
        }

        if (endsOpen && transaction.State == TransactionState.InProgress)
        {
            TransactionLog.Abort(engine, transaction);
        }

        return transaction.State;
    }

    private List<BsonDocument> Unfinished() =>
        _own.Read(static engine => engine.IsWritable ? ClusterReads.All(engine, $"config.{Collection}") : []);

    private Task<bool> Start(BsonDocument id, IReadOnlyList<string> participants, Decision? decision)
    {
        var source = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(id, source.Task))
        {
            return _running[id];
        }

        _ = Task.Run(async () =>
        {
            try
            {
                source.SetResult(await EndAsync(id, participants, decision, cluster.Stopping));
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or CommandFault)
            {
                // It is taken up again from what is written down.
                source.TrySetException(
                    new CommandFault(11600, "InterruptedAtShutdown", "The coordinator was interrupted")
                );
                _ = source.Task.Exception;
            }
            finally
            {
                _running.TryRemove(id, out _);
            }
        });
        return source.Task;
    }

    private async Task<bool> EndAsync(
        BsonDocument id,
        IReadOnlyList<string> participants,
        Decision? decision,
        CancellationToken cancellation
    )
    {
        if (decision is null)
        {
            await PutAsync(State(id, participants, null), cancellation);
            await cluster.Faults.PassAsync(CommitPhase.BeforePrepare, cancellation);
            decision = await PrepareAsync(id, participants, cancellation);
            await cluster.Faults.PassAsync(CommitPhase.BeforeDecision, cancellation);
            await PutAsync(State(id, participants, decision), cancellation);
            await cluster.Faults.PassAsync(CommitPhase.BeforeCommit, cancellation);
        }

        var command = decision.IsCommit ? "commitTransaction" : "abortTransaction";
        await Task.WhenAll(
            participants.Select(participant => TellAsync(participant, command, id, decision, cancellation))
        );
        await _own.WriteAsync(engine => Remove(engine, id), cancellation);
        return decision.IsCommit;
    }

    /// <summary>Asks all participants; one that cannot aborts the transaction.</summary>
    private async Task<Decision> PrepareAsync(
        BsonDocument id,
        IReadOnlyList<string> participants,
        CancellationToken cancellation
    )
    {
        var votes = await Task.WhenAll(participants.Select(VoteAsync));
        return Array.Exists(votes, static vote => vote is null)
            ? new Decision(false, 0)
            : new Decision(true, votes.Max()!.Value);

        async Task<ulong?> VoteAsync(string participant)
        {
            ulong? at = null;
            var failed = await TellAsync(
                participant,
                "prepareTransaction",
                id,
                null,
                cancellation,
                reply => at = reply
            );
            return failed ? null : at;
        }
    }

    /// <summary>Tells a participant until it has heard.</summary>
    /// <returns>Whether it says no.</returns>
    private async Task<bool> TellAsync(
        string participant,
        string command,
        BsonDocument id,
        Decision? decision,
        CancellationToken cancellation,
        Action<ulong>? prepared = null
    )
    {
        while (true)
        {
            try
            {
                return await AskAsync(participant, command, id, decision, cancellation, prepared) is not null;
            }
            catch (CommandFault unreachable) when (unreachable.Code is 6 or 133)
            {
                await Task.Delay(Look, cluster.Time, cancellation);
            }
        }
    }

    /// <returns>The error that the participant answers; null: none.</returns>
    private async Task<string?> AskAsync(
        string participant,
        string command,
        BsonDocument id,
        Decision? decision,
        CancellationToken cancellation,
        Action<ulong>? prepared = null
    )
    {
        var asked = BsonDocument.Build(w =>
        {
            w.Int32(System.Text.Encoding.UTF8.GetBytes(command), 1);
            w.Element(id.View["lsid"u8]).Element(id.View["txnNumber"u8]).Boolean("autocommit"u8, false);
            if (decision is { IsCommit: true })
            {
                w.Timestamp("commitTimestamp"u8, decision.At);
            }

            w.BeginDocument("writeConcern"u8).String("w"u8, "majority").EndDocument();
        });
        var reply = await cluster.Link(participant).RunAsync("admin", asked, cancellation);
        if (reply.View["ok"u8].ToDouble() == 0)
        {
            return reply.View["errmsg"u8].AsString;
        }

        if (reply.View.TryGet("prepareTimestamp"u8, out var at))
        {
            prepared?.Invoke(at.AsTimestamp);
        }

        return null;
    }

    private Task PutAsync(BsonDocument state, CancellationToken cancellation) =>
        _own.WriteAsync(
            engine =>
            {
                var all =
                    engine.Find($"config.{Collection}")
                    ?? CatalogueWriter.Create(engine, "config", Collection, BsonDocument.Empty);
                return all.Find(new Record(state, 0)) is { } old
                    ? engine.Update(all, old, state, state, origin: null)
                    : engine.Insert(all, state);
            },
            cancellation
        );

    private static bool Remove(Engine engine, BsonDocument id)
    {
        var all = engine.Find($"config.{Collection}");
        var probe = new Record(BsonDocument.Build(w => w.Document("_id"u8, id)), 0);
        if (all?.Find(probe) is not { } state)
        {
            return false;
        }

        engine.Delete(all, state, origin: null);
        return true;
    }

    private static BsonDocument State(BsonDocument id, IReadOnlyList<string> participants, Decision? decision) =>
        BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.Document("_id"u8, id).BeginArray("participants"u8);
            foreach (var participant in participants.Order(StringComparer.Ordinal))
            {
                w.String(w.ArrayItemName(scratch), participant);
            }

            w.EndArray();
            if (decision is not null)
            {
                w.BeginDocument("decision"u8).String("decision"u8, decision.IsCommit ? "commit" : "abort");
                if (decision.IsCommit)
                {
                    w.Timestamp("commitTimestamp"u8, decision.At);
                }

                w.EndDocument();
            }
        });

    private static Decision? DecisionOf(BsonDocument state) =>
        state.View.TryGet("decision"u8, out var decision)
            ? new Decision(
                decision.AsDocument["decision"u8].AsString == "commit",
                decision.AsDocument.TryGet("commitTimestamp"u8, out var at) ? at.AsTimestamp : 0
            )
            : null;

    /// <param name="At">The commit timestamp: the latest of all prepare timestamps.</param>
    private sealed record Decision(bool IsCommit, ulong At);
}
