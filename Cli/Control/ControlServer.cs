using System.Globalization;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>What the routes ask.</summary>
internal sealed record ApplianceParts(
    ApplianceOperations Operations,
    AgentOperations Agents,
    DeploymentOperations Deployments,
    RestoreOperations Restores,
    PolicyOperations Policies,
    SourceOperations Sources,
    NamespaceOperations Namespaces,
    CredentialOperations Credentials,
    MonitoringOperations Monitoring
);

/// <summary>Serves the commands on the control socket: see <see cref="ControlRoutes"/>.</summary>
internal sealed partial class ControlServer : IAsyncDisposable
{
    // A header has an end: of more than this the first are named.
    private const int MostNamed = 50;

    private readonly WebApplication _application;
    private readonly FolderSocket _socket;

    private ControlServer(WebApplication application, FolderSocket socket)
    {
        _application = application;
        _socket = socket;
    }

    internal static async Task<ControlServer> StartAsync(
        DataFolder folder,
        string socketName,
        ApplianceParts parts,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var socket = new FolderSocket(folder.Root, socketName);
        File.Delete(socket.Path);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "backup" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null; // A restore may be read as slowly as its reader likes.
            // Compressing and tar streams write synchronously when they are closed; nobody but the owner's own commands is served here.
            kestrel.AllowSynchronousIO = true;
            kestrel.ListenUnixSocket(socket.Address, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.DefaultIgnoreCondition = ControlJson.Options.DefaultIgnoreCondition;
            json.SerializerOptions.Encoder = ControlJson.Options.Encoder;
        });
        var application = builder.Build();
        application.UseExceptionHandler(handler => handler.Run(context => AnswerErrorAsync(context, logger)));
        Map(application, parts, logger);
        await application.StartAsync(cancellation);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(socket.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new ControlServer(application, socket);
    }

    public async ValueTask DisposeAsync()
    {
        using var impatience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _application.StopAsync(impatience.Token);
        await _application.DisposeAsync();
        File.Delete(_socket.Path);
        _socket.Dispose();
    }

    private static void Map(WebApplication application, ApplianceParts parts, ILogger logger)
    {
        var (operations, agents, deployments, restores, policies, sources, _, credentials, monitoring) = parts;
        MapAgents(application, agents);
        application.MapGet(ControlRoutes.Deployments, deployments.ListAsync);
        application.MapPost(ControlRoutes.Deployments, deployments.AddAsync);
        application.MapPost(ControlRoutes.RemoveDeployment, deployments.RemoveAsync);
        MapCredentials(application, credentials);
        application.MapGet(ControlRoutes.Status, operations.StatusAsync);
        application.MapGet(ControlRoutes.Snapshots, operations.SnapshotsAsync);
        application.MapPost(ControlRoutes.Snapshots, operations.RequestSnapshotAsync);
        application.MapGet(ControlRoutes.Policy, policies.ReadAsync);
        application.MapPost(ControlRoutes.Policy, policies.ChangeAsync);
        application.MapGet(ControlRoutes.Source, sources.ReadAsync);
        application.MapPost(ControlRoutes.Source, sources.ChangeAsync);
        application.MapGet(ControlRoutes.Namespaces, parts.Namespaces.ReadAsync);
        application.MapPost(ControlRoutes.Namespaces, parts.Namespaces.ChangeAsync);
        application.MapPost(ControlRoutes.Resync, operations.ResyncAsync);
        application.MapPost(ControlRoutes.Copies, operations.CopyAsync);
        application.MapPost(ControlRoutes.CancelCopies, operations.CancelCopiesAsync);
        application.MapPost(ControlRoutes.Verify, operations.RequestVerificationAsync);
        application.MapGet(ControlRoutes.Job, operations.JobAsync);
        application.MapPost(ControlRoutes.Cancel, operations.CancelAsync);
        application.MapGet(ControlRoutes.Monitoring, monitoring.SamplesAsync);
        application.MapGet(ControlRoutes.Ranges, restores.RangesAsync);
        application.MapGet(ControlRoutes.RestoreProgress, restores.Progress);
        application.MapGet(
            ControlRoutes.Restore,
            (HttpContext context, string snapshot, string format, CancellationToken cancellation) =>
                RestoreAsync(
                    context,
                    restores.OpenSnapshotAsync(
                        snapshot,
                        RestoreFormats.Parse(format),
                        NamespacesOf(context.Request.Query),
                        cancellation
                    ),
                    logger,
                    cancellation
                )
        );
        application.MapGet(
            ControlRoutes.RestoreMoment,
            (HttpContext context, string replicaSet, string format, CancellationToken cancellation) =>
                RestoreAsync(
                    context,
                    restores.OpenMomentAsync(
                        replicaSet,
                        PointOf(context.Request.Query),
                        RestoreFormats.Parse(format),
                        context.Request.Query[ControlRoutes.IdParameter],
                        NamespacesOf(context.Request.Query),
                        cancellation
                    ),
                    logger,
                    cancellation
                )
        );
    }

    private static void MapCredentials(WebApplication application, CredentialOperations credentials)
    {
        application.MapGet(ControlRoutes.Keys, credentials.KeysAsync);
        application.MapPost(ControlRoutes.RevokeKey, credentials.RevokeKeyAsync);
        application.MapPost(ControlRoutes.RotateKey, credentials.RotateKeyAsync);
        application.MapGet(ControlRoutes.Certificates, credentials.CertificatesAsync);
        application.MapPost(ControlRoutes.RevokeCertificate, credentials.RevokeCertificateAsync);
    }

    private static void MapAgents(WebApplication application, AgentOperations agents)
    {
        application.MapGet(ControlRoutes.Agents, agents.ListAsync);
        application.MapPost(ControlRoutes.Tokens, agents.MakeTokenAsync);
        application.MapPost(ControlRoutes.RevokeAgent, agents.RevokeAsync);
        application.MapPost(ControlRoutes.AgentLogs, agents.LogsAsync);
        application.MapGet(ControlRoutes.Updates, agents.Updates);
        application.MapPost(ControlRoutes.Updates, agents.Offer);
        application.MapPost(ControlRoutes.WithdrawUpdate, agents.Withdraw);
    }

    /// <summary>Null for everything.</summary>
    private static List<NamespacePattern>? NamespacesOf(IQueryCollection query) =>
        query[ControlRoutes.NamespaceParameter] is { Count: > 0 } given
            ? [.. given.Select(one => NamespacePattern.Parse(one ?? ""))]
            : null;

    private static RestorePoint PointOf(IQueryCollection query) =>
        Optime.TryParse(query[ControlRoutes.OptimeParameter].ToString(), out var optime) ? RestorePoint.UpTo(optime)
        : uint.TryParse(
            query[ControlRoutes.SecondParameter].ToString(),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var second
        )
        && second > 0
            ? RestorePoint.Before(DateTimeOffset.FromUnixTimeSeconds(second))
        : throw CliErrors.Argument("The request names no moment.", "Give an optime or a second.");

    private static async Task RestoreAsync(
        HttpContext context,
        Task<OpenRestore> opening,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        await using var restore = await opening;
        var response = context.Response;
        response.ContentType = "application/octet-stream";
        response.DeclareTrailer(ControlRoutes.Sha256Trailer);
        try
        {
            var result = await restore.WriteAsync(response.Body, cancellation);
            response.AppendTrailer(
                ControlRoutes.DocumentsTrailer,
                result.Documents.ToString(CultureInfo.InvariantCulture)
            );
            response.AppendTrailer(ControlRoutes.BytesTrailer, result.Bytes.ToString(CultureInfo.InvariantCulture));
            response.AppendTrailer(ControlRoutes.Sha256Trailer, result.Sha256);
            response.AppendTrailer(ControlRoutes.OptimeTrailer, result.Optime.ToString());
            if (result.Excluded.Count > 0)
            {
                response.AppendTrailer(ControlRoutes.ExcludedTrailer, Encoded(Views(result.Excluded)));
            }

            if (result.Undecided.Count > 0)
            {
                var undecided = result.Undecided.Take(MostNamed).Select(at => new OptimeView(at.T, at.I));
                response.AppendTrailer(ControlRoutes.UndecidedTrailer, Encoded(undecided));
            }
        }
        catch (Exception failure) when (response.HasStarted && failure is not OperationCanceledException)
        {
            // The status line is gone already: the error travels behind the body.
            LogIfUnexpected(logger, failure);
            response.AppendTrailer(ControlRoutes.ErrorTrailer, Encoded(Describe(failure)));
        }
    }

    /// <summary>Header values are plain text of one line.</summary>
    private static string Encoded<T>(T value) =>
        Convert.ToBase64String(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, ControlJson.Options));

    private static List<ExcludedView> Views(IReadOnlyList<ExcludedCollection> excluded) =>
        [.. excluded.Take(MostNamed).Select(one => new ExcludedView(one.Namespace, one.Reason))];

    private static Task AnswerErrorAsync(HttpContext context, ILogger logger)
    {
        var failure = context.Features.Get<IExceptionHandlerFeature>()!.Error;
        LogIfUnexpected(logger, failure);
        context.Response.StatusCode =
            failure is BackupException ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsJsonAsync(new ErrorEnvelope(Describe(failure)), ControlJson.Options);
    }

    private static void LogIfUnexpected(ILogger logger, Exception failure)
    {
        if (failure is not (BackupException or OperationCanceledException))
        {
            LogUnexpected(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "A command failed at something that is not known")]
    private static partial void LogUnexpected(ILogger logger, Exception failure);

    internal static ErrorView Describe(Exception failure)
    {
        var known = failure as BackupException ?? CliErrors.Defect(failure);
        return new ErrorView(known.Code, known.Message, known.Hint);
    }
}
