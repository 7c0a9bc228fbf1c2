using Backup.Foundation.Errors;
using Backup.MongoQuery;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Authentication;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Listener;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Serving;

/// <summary>Answers the commands of one endpoint. Before a client has proven the password it is told who the server is, and nothing else.</summary>
internal sealed partial class ServeHandler : ICommandHandler, IAsyncDisposable
{
    private const string SaslKey = "sasl";
    private const string UserKey = "user";

    /// <summary>A client that comes with wrong passwords so often on one connection has to come again.</summary>
    private const int MostFailures = 3;

    /// <summary>As deep as a server takes what it is sent.</summary>
    /// <summary>Of one command, whatever time its client gives it.</summary>
    private static readonly TimeSpan LongestCommand = TimeSpan.FromMinutes(10);

    private static readonly BsonLimits Limits = new() { StrictContent = false };

    private readonly ServeOptions _options;
    private readonly ServeReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Func<ServeRequest, ValueTask<BsonDocument>>> _open;
    private readonly Dictionary<string, Func<ServeRequest, ValueTask<BsonDocument>>> _commands;

    internal ServeHandler(
        ServedMoment moment,
        ServeOptions options,
        SpillSpace? spill,
        TimeProvider time,
        ILogger logger
    )
    {
        (_options, _time, _logger) = (options, time, logger);
        var cursors = new ServedCursors(options, time);
        _reader = new ServeReader(moment, cursors, options);
        var server = new ServerCommands(moment, options, time);
        var catalogue = new CatalogueCommands(moment, _reader);
        var statistics = new CollectionStatistics(moment, time);
        var reads = new ReadCommands(moment, _reader, cursors, statistics, options, spill);
        _open = new(StringComparer.OrdinalIgnoreCase)
        {
            ["hello"] = server.Hello,
            ["isMaster"] = server.Hello,
            ["ping"] = ServerCommands.Ok,
            ["buildInfo"] = server.BuildInfo,
            ["whatsmyuri"] = ServerCommands.WhatsMyUri,
            ["saslStart"] = request => SaslAsync(request, static (sasl, one) => sasl.Start(one.Database, one.View)),
            ["saslContinue"] = request => SaslAsync(request, static (sasl, one) => sasl.Continue(one.View)),
            ["logout"] = Logout,
            ["endSessions"] = ServerCommands.Ok,
        };
        _commands = new(StringComparer.OrdinalIgnoreCase)
        {
            ["connectionStatus"] = server.ConnectionStatus,
            ["atlasVersion"] = ServerCommands.AtlasVersion,
            ["replSetGetStatus"] = ServerCommands.ReplSetGetStatus,
            ["serverStatus"] = server.ServerStatus,
            ["startSession"] = ServerCommands.StartSession,
            ["refreshSessions"] = ServerCommands.Ok,
            ["killSessions"] = ServerCommands.Ok,
            ["getParameter"] = server.GetParameter,
            ["getCmdLineOpts"] = ServerCommands.GetCmdLineOpts,
            ["getLog"] = server.GetLog,
            ["hostInfo"] = server.HostInfo,
            ["getFreeMonitoringStatus"] = ServerCommands.NoFreeMonitoring,
            ["listDatabases"] = catalogue.ListDatabasesAsync,
            ["listCollections"] = catalogue.ListCollectionsAsync,
            ["listIndexes"] = catalogue.ListIndexesAsync,
            ["collStats"] = statistics.CollStatsAsync,
            ["dbStats"] = catalogue.DbStatsAsync,
            ["find"] = reads.FindAsync,
            ["getMore"] = reads.GetMoreAsync,
            ["killCursors"] = reads.KillCursorsAsync,
            ["count"] = reads.CountAsync,
            ["distinct"] = reads.DistinctAsync,
            ["aggregate"] = reads.AggregateAsync,
            ["explain"] = reads.ExplainAsync,
        };
    }

    public async ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation)
    {
        BsonValidator.Validate(request.Command.Span, Limits);
        if (_open.TryGetValue(request.Name, out var open))
        {
            return await RunAsync(open, request, cancellation);
        }

        if (!request.Connection.Items.ContainsKey(UserKey))
        {
            throw ServeFaults.NotLoggedIn(request.Name);
        }

        if (!_commands.TryGetValue(request.Name, out var command))
        {
            throw ServeFaults.ReadOnly(request.Name, _options.What);
        }

        if (request.Command.View.Has("txnNumber"u8))
        {
            throw ServeFaults.Failed(
                20,
                "IllegalOperation",
                "Transaction numbers are only allowed on a replica set member or mongos"
            );
        }

        return await RunAsync(command, request, cancellation);
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    /// <summary>Within the time that the client gives, and never longer than <see cref="LongestCommand"/>: readers are few, and a forgotten scan would keep one for ever.</summary>
    private async ValueTask<BsonDocument> RunAsync(
        Func<ServeRequest, ValueTask<BsonDocument>> command,
        CommandRequest request,
        CancellationToken cancellation
    )
    {
        var limit = new CommandArguments(request.Command).Whole("maxTimeMS", 0);
        using var time = new CancellationTokenSource(
            limit > 0 && limit < LongestCommand.TotalMilliseconds ? TimeSpan.FromMilliseconds(limit) : LongestCommand,
            _time
        );
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        try
        {
            return await command(new ServeRequest(request, either.Token));
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw ServeFaults.TimedOut();
        }
        catch (QueryException refused)
        {
            throw new CommandException(refused.ServerCode, refused.CodeName, refused.Message);
        }
        catch (BackupException failure) when (failure is not CommandException)
        {
            LogFailed(request.Name, failure);
            throw ServeFaults.Failed(8, "UnknownError", $"{failure.Code}: {failure.Message}");
        }
    }

    private async ValueTask<BsonDocument> SaslAsync(
        ServeRequest request,
        Func<SaslServer, ServeRequest, BsonDocument> step
    )
    {
        var items = request.Connection.Items;
        var state = (LoginState)items.GetOrAdd(SaslKey, _ => new LoginState(new SaslServer(Credential)));
        items.TryRemove(UserKey, out _);
        if (state.Failures >= MostFailures)
        {
            throw Refused();
        }

        try
        {
            var reply = step(state.Server, request);
            if (state.Server.User is { } user)
            {
                items[UserKey] = user.User;
            }

            return reply;
        }
        catch (BackupException)
        {
            state.Failures++;
            LogRefused(request.Connection.Remote);
            // Guessing takes time; so many connections that it would not are not taken.
            await Task.Delay(_options.FailurePause, _time, request.Cancellation);
            throw Refused();
        }
    }

    private ScramCredential? Credential(string database, string user, ScramMechanism mechanism) =>
        database == "admin" && user == _options.User
            ? _options.Credentials.FirstOrDefault(one => one.Mechanism == mechanism)
            : null;

    private static ValueTask<BsonDocument> Logout(ServeRequest request)
    {
        request.Connection.Items.TryRemove(UserKey, out _);
        return ServerCommands.Ok(request);
    }

    private static CommandException Refused() =>
        ServeFaults.Failed(18, "AuthenticationFailed", "Authentication failed.");

    [LoggerMessage(90, LogLevel.Warning, "A log-in to a served backup from {Remote} was refused")]
    private partial void LogRefused(System.Net.EndPoint? remote);

    [LoggerMessage(91, LogLevel.Warning, "A served backup could not answer a {Command}")]
    private partial void LogFailed(string command, Exception failure);

    private sealed class LoginState(SaslServer server)
    {
        internal SaslServer Server => server;

        internal int Failures { get; set; }
    }
}

/// <summary>A command, and until when it may run.</summary>
internal sealed class ServeRequest(CommandRequest request, CancellationToken cancellation)
{
    internal ListenerConnection Connection => request.Connection;

    internal string Database => request.Database;

    internal BsonView View => request.Command.View;

    internal CommandArguments Arguments { get; } = new(request.Command);

    internal CancellationToken Cancellation => cancellation;
}
