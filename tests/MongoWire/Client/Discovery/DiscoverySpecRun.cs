using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Client.Discovery;
using Backup.MongoWire.Uri;

namespace Backup.Tests.MongoWire.Client.Discovery;

/// <summary>One file of the specification: a deployment that is fed with answers and errors, and compared after each phase.</summary>
internal sealed class DiscoverySpecRun : IAsyncDisposable
{
    private readonly Deployment _deployment;

    internal DiscoverySpecRun(JsonElement test)
    {
        var uri = ConnectionString.Parse(test.GetProperty("uri").GetString()!);
        _deployment = new Deployment(
            TopologyMachine.Start(uri.Hosts, uri.Options.ReplicaSet, uri.Options.DirectConnection),
            ConnectionSettings.From(uri, new MongoClientOptions()),
            poolSize: 1,
            (_, _) => new SilentMonitor()
        );
    }

    internal int Phase { get; private set; }

    /// <summary>What is not as it should be after this phase.</summary>
    internal IEnumerable<string> Faults(JsonElement phase)
    {
        Phase++;
        foreach (var response in Items(phase, "responses"))
        {
            Respond(HostAddress.Parse(response[0].GetString()!), Document(response[1]));
        }

        foreach (var error in Items(phase, "applicationErrors"))
        {
            Fail(error);
        }

        var outcome = phase.GetProperty("outcome");
        return TopologyFaults(outcome).Concat(ServerFaults(outcome.GetProperty("servers")));
    }

    public ValueTask DisposeAsync() => _deployment.DisposeAsync();

    private void Respond(HostAddress address, BsonDocument hello) =>
        _deployment.Report(
            hello.View.Has("ok"u8)
                ? HelloCommand.Describe(address, hello.View)
                : ServerDescription.Failed(address, Lost(address))
        );

    private void Fail(JsonElement error)
    {
        var host = HostAddress.Parse(error.GetProperty("address").GetString()!);
        var type = error.GetProperty("type").GetString();
        var failure = type switch
        {
            "network" => Lost(host),
            "timeout" => MongoWireErrors.Timeout(host, "find", TimeSpan.FromSeconds(1)),
            _ => Refusal(host, Document(error.GetProperty("response")).View),
        };
        if (failure is null)
        {
            return;
        }

        var stage =
            error.GetProperty("when").GetString() == "afterHandshakeCompletes"
                ? ErrorStage.Established
                : ErrorStage.Connecting;
        var generation = error.TryGetProperty("generation", out var given)
            ? given.GetInt32()
            : _deployment.PoolOf(host).Generation;
        _deployment.HandleError(ApplicationError.Of(host, generation, stage, failure));
    }

    /// <summary>As a connection judges a reply; null where it is none that fails.</summary>
    private static CommandException? Refusal(HostAddress host, BsonView reply) =>
        RawFields.Flag(reply, "ok"u8)
            ? ApplicationError.OfWriteConcern(host, "find", reply)
            : ApplicationError.OfReply(host, "find", reply);

    private static BackupException Lost(HostAddress host) => MongoWireErrors.Lost(host, new IOException("reset"));

    private IEnumerable<string> TopologyFaults(JsonElement outcome)
    {
        var topology = _deployment.Topology;
        return Differences(
            ("topologyType", outcome, topology.Type.ToString()),
            ("setName", outcome, topology.SetName),
            ("logicalSessionTimeoutMinutes", outcome, topology.LogicalSessionTimeoutMinutes),
            ("maxSetVersion", outcome, topology.MaxSetVersion),
            ("maxElectionId", outcome, topology.MaxElectionId),
            ("compatible", outcome, topology.Incompatibility is null)
        );
    }

    private IEnumerable<string> ServerFaults(JsonElement expected)
    {
        var servers = _deployment.Topology.Servers;
        var names = expected.EnumerateObject().Select(server => HostAddress.Parse(server.Name)).ToHashSet();
        if (!names.SetEquals(servers.Keys))
        {
            return [$"servers are {string.Join(' ', servers.Keys)} instead of {string.Join(' ', names)}"];
        }

        return expected
            .EnumerateObject()
            .SelectMany(server =>
                Faults(servers[HostAddress.Parse(server.Name)], server.Value).Select(fault => $"{server.Name}: {fault}")
            );
    }

    private IEnumerable<string> Faults(ServerDescription server, JsonElement expected)
    {
        var faults = Differences(
            ("type", expected, TypeName(server.Type)),
            ("setName", expected, server.SetName),
            ("setVersion", expected, server.SetVersion),
            ("electionId", expected, server.ElectionId),
            ("logicalSessionTimeoutMinutes", expected, server.LogicalSessionTimeoutMinutes),
            ("minWireVersion", expected, server.MinWireVersion),
            ("maxWireVersion", expected, server.MaxWireVersion),
            ("topologyVersion", expected, server.TopologyVersion)
        );
        if (
            expected.TryGetProperty("error", out var error)
            && server.Error?.Contains(error.GetString()!, StringComparison.Ordinal) != true
        )
        {
            faults = faults.Append($"error is '{server.Error}' instead of '{error}'");
        }

        return expected.TryGetProperty("pool", out var pool)
            ? faults.Concat(Differences(("generation", pool, _deployment.PoolOf(server.Address).Generation)))
            : faults;
    }

    /// <summary>Fields that the specification does not name in this place are not compared.</summary>
    private static IEnumerable<string> Differences(params (string Name, JsonElement Parent, object? Found)[] fields) =>
        from field in fields
        where field.Parent.TryGetProperty(field.Name, out _)
        let expected = Value(field.Parent.GetProperty(field.Name))
        where !Equals(expected, field.Found)
        select $"{field.Name} is {field.Found ?? "null"} instead of {expected ?? "null"}";

    private static object? Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.Number => value.GetInt32(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            // Only clients that ask one server after the other need to know a possible primary.
            JsonValueKind.String => value.GetString() == "PossiblePrimary" ? "Unknown" : value.GetString(),
            _ when value.TryGetProperty("$oid", out var id) => id.GetString(),
            _ => HelloCommand.TopologyVersionOf(
                BsonDocument.Build(w => w.Document("topologyVersion"u8, Document(value))).View
            ),
        };

    private static string TypeName(ServerType type) =>
        type is ServerType.Primary or ServerType.Secondary or ServerType.Arbiter or ServerType.Other or ServerType.Ghost
            ? $"RS{type}"
            : type.ToString();

    private static BsonDocument Document(JsonElement json) => ExtendedJson.Parse(json.GetRawText());

    private static IEnumerable<JsonElement> Items(JsonElement phase, string name) =>
        phase.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray()
            : [];
}
