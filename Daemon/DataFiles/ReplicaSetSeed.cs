using System.Buffers.Binary;
using System.Security.Cryptography;
using Backup.Daemon.Targets;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.Daemon.DataFiles;

/// <summary>
/// The configuration of a replica set whose members are each started on a copy of the same data files: with it in the database <c>local</c>, and an oplog
/// that all of them have, they elect a primary by themselves, and none copies from another.
/// </summary>
/// <param name="Set">Its name, as <c>--replSet</c> takes it.</param>
/// <param name="Members">As they reach each other; 1 to 50.</param>
/// <param name="OplogMegabytes">Bytes / 2^20 that the oplog may hold; 990 to 1048576.</param>
public sealed record ReplicaSetSeed(string Set, IReadOnlyList<HostAddress> Members, int OplogMegabytes)
{
    /// <summary>Unless another one is given: the least that a server lets its oplog be made.</summary>
    public const int LeastOplogMegabytes = 990;

    private const int MostOplogMegabytes = 1 << 20;
    private const int MostMembers = 50;
    private const int LongestName = 64;
    private const int MostVotes = 7;

    /// <param name="text"><c>SET=HOST:PORT[,HOST:PORT…]</c>.</param>
    /// <param name="oplogMegabytes">Null for the least.</param>
    /// <exception cref="BackupException">9168.</exception>
    public static ReplicaSetSeed Parse(string text, int? oplogMegabytes)
    {
        var equals = text.IndexOf('=');
        var set = equals < 0 ? "" : text[..equals];
        if (
            set.Length is 0 or > LongestName
            || set.Any(static one => one is '/' or ',' or '"' or '\'' || char.IsWhiteSpace(one))
        )
        {
            throw DaemonErrors.WrongSeed($"'{text}' names no set");
        }

        var members = text[(equals + 1)..].Split(',').Select(Member).ToList();
        if (members.Count > MostMembers || members.Distinct().Count() != members.Count)
        {
            throw DaemonErrors.WrongSeed("it has too many members, or one of them twice");
        }

        var local = members.Count(static one => one.Host is "localhost" or "::1" or "127.0.0.1");
        if (local > 0 && local < members.Count)
        {
            throw DaemonErrors.WrongSeed("some members are on localhost, which the others cannot reach");
        }

        var oplog = oplogMegabytes ?? LeastOplogMegabytes;
        return oplog is >= LeastOplogMegabytes and <= MostOplogMegabytes
            ? new ReplicaSetSeed(set, members, oplog)
            : throw DaemonErrors.WrongSeed($"its oplog is to have {oplog} MB");
    }

    private static HostAddress Member(string text)
    {
        try
        {
            var address = HostAddress.Parse(text);
            return address.Kind == HostKind.UnixSocket
                ? throw DaemonErrors.WrongSeed("a member is reached by a socket of its own host alone")
                : address;
        }
        catch (BackupException wrong) when (wrong.Number != DaemonErrors.SeedWrong)
        {
            throw DaemonErrors.WrongSeed($"'{text}' is no HOST:PORT");
        }
    }

    /// <summary>
    /// Writes it. The oplog's one entry has the optime of what was restored, so that time goes on from there; all members have it in common.
    /// </summary>
    /// <param name="commands">Of the mongod that has the files.</param>
    /// <param name="optime">The last entry that is in the backup.</param>
    /// <param name="isOld">Up to MongoDB 4.0: entries have hashes.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task WriteAsync(TargetCommands commands, Optime optime, bool isOld, CancellationToken cancellation)
    {
        var term = Math.Max(1, optime.Term);
        await commands.CreateAsync(
            "local",
            "oplog.rs",
            w => w.Boolean("capped"u8, true).Int64("size"u8, (long)OplogMegabytes << 20),
            cancellation
        );
        await InsertAsync("oplog.rs", w => Entry(w, optime, term, isOld));
        await InsertAsync("system.replset", Configuration);
        // What the members set up for themselves where it is missing; given, so that nothing hangs on their doing so.
        await InsertAsync(
            "replset.minvalid",
            w => w.ObjectId("_id"u8, NewId(optime)).Timestamp("ts"u8, 1).Int64("t"u8, -1)
        );
        await InsertAsync(
            "replset.oplogTruncateAfterPoint",
            w => w.String("_id"u8, "oplogTruncateAfterPoint").Timestamp("oplogTruncateAfterPoint"u8, 0)
        );
        await InsertAsync(
            "replset.election",
            w => w.ObjectId("_id"u8, NewId(optime)).Int64("term"u8, term).Int64("candidateIndex"u8, -1)
        );

        Task InsertAsync(string collection, Action<BsonWriter> document) =>
            commands.RunAsync(
                $"seeding 'local.{collection}'",
                "local",
                w =>
                {
                    w.String("insert"u8, collection).BeginArray("documents"u8).BeginDocument("0"u8);
                    document(w);
                    w.EndDocument().EndArray();
                },
                cancellation
            );

        void Configuration(BsonWriter w)
        {
            w.String("_id"u8, Set).Int32("version"u8, 1).Int64("protocolVersion"u8, 1).BeginArray("members"u8);
            Span<byte> scratch = stackalloc byte[11];
            for (var number = 0; number < Members.Count; number++)
            {
                w.BeginDocument(w.ArrayItemName(scratch))
                    .Int32("_id"u8, number)
                    .String("host"u8, Members[number].ToString());
                if (number >= MostVotes)
                {
                    w.Int32("votes"u8, 0).Int32("priority"u8, 0);
                }

                w.EndDocument();
            }

            w.EndArray().BeginDocument("settings"u8).ObjectId("replicaSetId"u8, NewId(optime)).EndDocument();
        }
    }

    private static void Entry(BsonWriter writer, Optime optime, long term, bool isOld)
    {
        writer.Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, term);
        if (isOld)
        {
            writer.Int64("h"u8, 0);
        }

        writer
            .Int64("v"u8, 2)
            .String("op"u8, "n")
            .String("ns"u8, "")
            .DateTime("wall"u8, optime.WallClock.ToUnixTimeMilliseconds())
            .BeginDocument("o"u8)
            .String("msg"u8, "seeded from a backup")
            .EndDocument();
    }

    private static byte[] NewId(Optime optime)
    {
        var id = RandomNumberGenerator.GetBytes(12);
        BinaryPrimitives.WriteUInt32BigEndian(id, optime.T);
        return id;
    }
}
