using System.Net.Security;
using Backup.MongoWire.Authentication;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Listener;

namespace Backup.Tests.MongoWire.Client;

/// <summary>A replica set member on a real socket, as far as a client has to see one.</summary>
internal sealed class FakeMember : ICommandHandler, IAsyncDisposable
{
    private readonly ScramCredential[] _credentials;
    private readonly MongoListener _listener;
    private int _next;

    internal FakeMember(SslServerAuthenticationOptions? tls = null, params ScramCredential[] credentials)
    {
        _credentials = credentials;
        _listener = MongoListener.Start(new ListenerOptions { Tls = tls }, this);
        Hosts = [Name];
        Primary = Name;
    }

    internal string Name => $"127.0.0.1:{_listener.EndPoint.Port}";

    internal string[] Hosts { get; set; }

    /// <summary>Volatile by use: tests move it while clients look.</summary>
    internal string Primary { get; set; }

    internal string? SetName { get; set; } = "rs0";

    internal int MaxWireVersion { get; set; } = 8;

    /// <summary>Bytes of the document that "big" answers with.</summary>
    internal int BigLength { get; set; } = 1000;

    internal int Pings { get; private set; }

    internal int Hellos { get; private set; }

    /// <summary>Grows with each change, as a server from MongoDB 4.4 on counts; null for an older one.</summary>
    internal long? Counter { get; set; }

    /// <summary>Whether a hello that is to be held back is answered at once, as by something between that does not know of that.</summary>
    internal bool AnswersAtOnce { get; set; }

    /// <summary>Takes requests and answers none.</summary>
    internal bool Hangs { get; set; }

    /// <summary>How many of the next pings find the connection cut.</summary>
    internal bool RefusePings { get; set; }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    public async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        if (Hangs)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        var sasl = (SaslServer)request.Connection.Items.GetOrAdd("sasl", _ => new SaslServer(Find));
        switch (request.Name)
        {
            case "isMaster" or "hello":
                Hellos++;
                await HoldBackAsync(request.Command, cancellation);
                return Hello();
            case "saslStart":
                return sasl.Start(request.Database, request.Command.View);
            case "saslContinue":
                return sasl.Continue(request.Command.View);
        }

        if (_credentials.Length > 0 && sasl.User is null)
        {
            throw new CommandException(13, "Unauthorized", $"command {request.Name} requires authentication");
        }

        return request.Name switch
        {
            "ping" => Ping(),
            "big" => BsonDocument.Build(reply => reply.Binary("bytes"u8, new byte[BigLength]).Double("ok"u8, 1)),
            "sleep" => await SleepAsync(cancellation),
            "insert" => ReplyWhileShuttingDown(),
            "find" => Batch("firstBatch"u8, 42, 3),
            "getMore" => await MoreAsync(cancellation),
            "killCursors" => BsonDocument.Build(reply => reply.Double("ok"u8, 1)),
            _ => throw new CommandException(59, "CommandNotFound", $"no such command: '{request.Name}'"),
        };
    }

    private ScramCredential? Find(string database, string user, ScramMechanism mechanism) =>
        user == "alice" && database == "admin"
            ? _credentials.FirstOrDefault(credential => credential.Mechanism == mechanism)
            : null;

    private static async Task<BsonDocument> SleepAsync(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        return BsonDocument.Empty;
    }

    private static BsonDocument ReplyWhileShuttingDown() =>
        BsonDocument.Build(reply =>
            reply
                .BeginDocument("writeConcernError"u8)
                .Int32("code"u8, 91)
                .String("errmsg"u8, "Replication is being shut down")
                .EndDocument()
                .Double("ok"u8, 1)
        );

    private async Task HoldBackAsync(BsonDocument hello, CancellationToken cancellation)
    {
        if (AnswersAtOnce || !hello.View.Has("topologyVersion"u8))
        {
            return;
        }

        var known = hello.View["topologyVersion"u8].AsDocument["counter"u8].ToInt64();
        var limit = TimeSpan.FromMilliseconds(hello.View["maxAwaitTimeMS"u8].ToInt64());
        for (var waited = TimeSpan.Zero; known == Counter && waited < limit; waited += TimeSpan.FromMilliseconds(10))
        {
            await Task.Delay(10, cancellation);
        }
    }

    private BsonDocument Hello() =>
        BsonDocument.Build(reply =>
        {
            if (Counter is { } counter)
            {
                reply.BeginDocument("topologyVersion"u8).ObjectId("processId"u8, new byte[12]);
                reply.Int64("counter"u8, counter).EndDocument();
            }

            reply.Boolean("helloOk"u8, true).Boolean("ismaster"u8, Primary == Name);
            reply.Boolean("secondary"u8, Primary != Name);
            if (SetName is not null)
            {
                reply.String("setName"u8, SetName).Int32("setVersion"u8, 1).String("me"u8, Name);
                reply.BeginArray("hosts"u8);
                Span<byte> scratch = stackalloc byte[11];
                foreach (var host in Hosts)
                {
                    reply.String(reply.ArrayItemName(scratch), host);
                }

                reply.EndArray();
            }

            reply.BeginArray("saslSupportedMechs"u8);
            Span<byte> name = stackalloc byte[11];
            foreach (var credential in _credentials)
            {
                reply.String(reply.ArrayItemName(name), credential.Mechanism.Name);
            }

            reply.EndArray();
            reply.BeginArray("compression"u8).String("0"u8, "zstd").String("1"u8, "zlib").EndArray();
            reply.Int32("minWireVersion"u8, 0).Int32("maxWireVersion"u8, MaxWireVersion).Double("ok"u8, 1);
        });

    private BsonDocument Ping()
    {
        Pings++;
        return RefusePings
            ? throw new CommandException(10107, "NotWritablePrimary", "not master")
            : BsonDocument.Build(reply => reply.Double("ok"u8, 1));
    }

    private async ValueTask<BsonDocument> MoreAsync(CancellationToken cancellation)
    {
        var round = ++_next;
        if (round == 1)
        {
            await Task.Delay(20, cancellation);
            return Batch("nextBatch"u8, 42, 0);
        }

        return Batch("nextBatch"u8, round == 2 ? 42 : 0, 2);
    }

    private static BsonDocument Batch(ReadOnlySpan<byte> name, long id, int documents)
    {
        using var reply = new BsonWriter();
        reply.BeginDocument().BeginDocument("cursor"u8).Int64("id"u8, id).String("ns"u8, "local.oplog.rs");
        reply.BeginArray(name);
        Span<byte> scratch = stackalloc byte[11];
        for (var i = 0; i < documents; i++)
        {
            reply.BeginDocument(reply.ArrayItemName(scratch)).Int32("n"u8, i).EndDocument();
        }

        reply.EndArray().EndDocument().Double("ok"u8, 1).EndDocument();
        return reply.ToDocument();
    }
}
