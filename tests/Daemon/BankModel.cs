using Backup.Foundation;
using Backup.MongoWire.Bson;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>
/// A bank on several shards, as their oplogs tell of it: money goes from account to account, within a shard, and between shards by prepared
/// transactions whose commits are logged at other times on each. A transaction belongs to a moment exactly if its commitTimestamp is not after
/// it. So at every moment the sum of all balances is the same.
/// </summary>
internal sealed class BankModel
{
    internal const string Ns = "bank.accounts";
    internal const int First = 1000;
    private const int PerShard = 6;

    private readonly Random _random;
    private readonly uint _start;
    private readonly List<Transfer> _open = [];
    private readonly Dictionary<int, int>[] _balances;
    private readonly HashSet<int> _locked = [];
    private readonly List<(Optime At, int Shard, int Account, int? Balance)> _effects = [];
    private readonly Queue<BsonDocument>[] _entries;
    private uint _tick;
    private int _session;

    internal BankModel(Random random, int shards, uint start)
    {
        (_random, _start) = (random, start);
        Uuids = [.. Enumerable.Range(0, shards).Select(_ => NewUuid())];
        _entries = [.. Enumerable.Range(0, shards).Select(_ => new Queue<BsonDocument>())];
        _balances =
        [
            .. Enumerable
                .Range(0, shards)
                .Select(shard => Enumerable.Range(1, PerShard).ToDictionary(n => (shard * 100) + n, _ => First)),
        ];
        Initial = [.. _balances.Select(one => new Dictionary<int, int>(one))];
    }

    internal Guid[] Uuids { get; }

    internal Dictionary<int, int>[] Initial { get; }

    internal int Shards => _entries.Length;

    internal int Total => Shards * PerShard * First;

    /// <summary>The last time that was given to anything, on any shard.</summary>
    internal Optime Now => At(_tick);

    internal int Open => _open.Count;

    /// <summary>What a shard holds at a moment.</summary>
    internal SortedDictionary<int, string> Contents(int shard, Optime moment)
    {
        var balances = new Dictionary<int, int>(Initial[shard]);
        foreach (
            var (_, _, account, balance) in _effects
                .Where(one => one.Shard == shard && one.At <= moment)
                .OrderBy(one => one.At)
        )
        {
            if (balance is { } some)
            {
                balances[account] = some;
            }
            else
            {
                balances.Remove(account);
            }
        }

        return new SortedDictionary<int, string>(balances.ToDictionary(one => one.Key, one => $"{one.Value}"));
    }

    /// <summary>What a shard logged and was not taken yet, the oldest first.</summary>
    internal BsonDocument[] Take(int shard, int atMost = int.MaxValue)
    {
        var taken = new List<BsonDocument>();
        while (taken.Count < atMost && _entries[shard].TryDequeue(out var entry))
        {
            taken.Add(entry);
        }

        return [.. taken];
    }

    /// <summary>A note in a shard's oplog.</summary>
    internal Optime Note(int shard) => Emit(shard, Noop);

    internal void Step()
    {
        switch (_random.Next(6))
        {
            case 0 or 1 when _open.Count < 4:
                Prepare();
                break;
            case 2 or 3 when _open.Count > 0:
                Decide(_open[_random.Next(_open.Count)]);
                break;
            case 4:
                Note(_random.Next(Shards));
                break;
            default:
                TransferWithin(_random.Next(Shards));
                break;
        }
    }

    /// <summary>Decides all that is open.</summary>
    internal void Settle()
    {
        while (_open.Count > 0)
        {
            Decide(_open[0]);
        }
    }

    private int[] Free(int shard) => [.. _balances[shard].Keys.Where(one => !_locked.Contains(one)).Order()];

    private void TransferWithin(int shard)
    {
        var free = Free(shard);
        if (free.Length < 2)
        {
            return;
        }

        _random.Shuffle(free);
        var (from, to, amount) = (free[0], free[1], _random.Next(1, 100));
        var (left, right) = (_balances[shard][from] - amount, _balances[shard][to] + amount);
        var session = ++_session;
        var at = Emit(
            shard,
            at =>
                Transaction(
                    at,
                    session,
                    Optime.Zero,
                    o => ApplyOps(o, [Change(at, shard, from, left), Change(at, shard, to, right)])
                )
        );
        Effect(at, shard, from, left);
        Effect(at, shard, to, right);
        (_balances[shard][from], _balances[shard][to]) = (left, right);
    }

    /// <summary>From one shard to another: some money, or the whole account, which is changed first and then gone.</summary>
    private void Prepare()
    {
        var here = _random.Next(Shards);
        var there = (here + 1 + _random.Next(Shards - 1)) % Shards;
        var (freeHere, freeThere) = (Free(here), Free(there));
        if (freeHere.Length < 3 || freeThere.Length < 1)
        {
            return;
        }

        var from = freeHere[_random.Next(freeHere.Length)];
        var session = ++_session;
        var moves = _random.Next(3) == 0;
        var amount = _random.Next(1, 100);
        var to = moves ? from : freeThere[_random.Next(freeThere.Length)];
        var left = _balances[here][from] - amount;
        var right = moves ? _balances[here][from] : _balances[there][to] + amount;
        var preparedHere = Emit(
            here,
            at =>
                Prepared(
                    at,
                    session,
                    moves
                        ? [Change(at, here, from, left), Delete(at, Ns, Uuids[here], from)]
                        : [Change(at, here, from, left)]
                )
        );
        Emit(here, Noop);
        var preparedThere = Emit(
            there,
            at =>
                Prepared(
                    at,
                    session,
                    [moves ? Insert(at, Ns, Uuids[there], Document(to, $"{right}")) : Change(at, there, to, right)]
                )
        );
        _locked.Add(from);
        _locked.Add(to);
        _open.Add(
            new Transfer(session, preparedHere > preparedThere ? preparedHere : preparedThere, _random.Next(5) == 0)
            {
                Parts =
                [
                    new Part(here, from, moves ? null : left, preparedHere),
                    new Part(there, to, right, preparedThere),
                ],
            }
        );
    }

    /// <summary>Logs the decision on one shard; when it is logged on all, the accounts are free.</summary>
    private void Decide(Transfer transfer)
    {
        var part = transfer.Parts[_random.Next(transfer.Parts.Count)];
        transfer.Parts.Remove(part);
        transfer.Done.Add(part);
        Emit(
            part.Shard,
            at =>
                transfer.Aborts
                    ? Abort(at, transfer.Session, part.Prepared)
                    : Commit(at, transfer.Session, part.Prepared, transfer.CommitTimestamp)
        );
        if (!transfer.Aborts)
        {
            Effect(transfer.CommitTimestamp, part.Shard, part.Account, part.Balance);
        }

        if (transfer.Parts.Count > 0)
        {
            return;
        }

        _open.Remove(transfer);
        foreach (var done in transfer.Done)
        {
            _locked.Remove(done.Account);
            if (!transfer.Aborts && done.Balance is { } balance)
            {
                _balances[done.Shard][done.Account] = balance;
            }
            else if (!transfer.Aborts)
            {
                _balances[done.Shard].Remove(done.Account);
            }
        }
    }

    private void Effect(Optime at, int shard, int account, int? balance) => _effects.Add((at, shard, account, balance));

    private BsonDocument Change(Optime at, int shard, int account, int balance) =>
        Set1(at, Ns, Uuids[shard], account, $"{balance}");

    private static BsonDocument Prepared(Optime at, int session, List<BsonDocument> operations) =>
        Transaction(
            at,
            session,
            Optime.Zero,
            o =>
            {
                ApplyOps(o, operations);
                o.Boolean("prepare"u8, true);
            }
        );

    private static void ApplyOps(BsonWriter o, List<BsonDocument> operations)
    {
        o.BeginArray("applyOps"u8);
        Span<byte> scratch = stackalloc byte[11];
        foreach (var operation in operations)
        {
            o.Document(o.ArrayItemName(scratch), operation);
        }

        o.EndArray();
    }

    private Optime Emit(int shard, Func<Optime, BsonDocument> entry)
    {
        _tick++;
        _entries[shard].Enqueue(entry(Now));
        return Now;
    }

    private Optime At(uint tick) => new(_start + (tick / 4), (tick % 4) + 1, 1);

    private Guid NewUuid()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private sealed record Part(int Shard, int Account, int? Balance, Optime Prepared);

    private sealed record Transfer(int Session, Optime CommitTimestamp, bool Aborts)
    {
        internal List<Part> Parts { get; init; } = [];

        internal List<Part> Done { get; } = [];
    }
}
