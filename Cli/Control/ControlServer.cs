using System.Globalization;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
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
    ClusterRestoreOperations ClusterRestores,
    PolicyOperations Policies,
    KeepingOperations Keeping,
    SourceOperations Sources,
    NamespaceOperations Namespaces,
    CredentialOperations Credentials,
    MonitoringOperations Monitoring,
    ClusterOperations Clusters,
    LinkOperations Links,
    SshOperations Ssh,
    PushOperations Pushes,
    ServeOperations Serving,
    DocumentOperations Documents,
    TakeoutAudit Audit,
    DataFilesOperations DataFiles,
    PeopleOperations People,
    SubjectOperations Subjects,
    HoldingsOperations Holdings,
    KeyOperations Keys
);

/// <summary>
/// Serves the commands on the control socket: the public API, for the host, and what is of this host alone: see <see cref="ControlRoutes"/>.
/// </summary>
internal sealed partial class ControlServer : IAsyncDisposable
{
    // A header has an end: of more than this the first are named.
    internal const int MostNamed = 50;

    // So that what is restored next is made while what is made is sent; bytes.
    private const int ResponseBuffer = 1024 * 1024;

    private readonly WebApplication _application;
    private readonly FolderSocket _socket;
    private readonly PassedFiles _files;

    private ControlServer(WebApplication application, FolderSocket socket, PassedFiles files)
    {
        _application = application;
        _socket = socket;
        _files = files;
    }

    internal static async Task<ControlServer> StartAsync(
        DataFolder folder,
        string socketName,
        ApplianceParts parts,
        PublicApi api,
        ICallers callers,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var socket = new FolderSocket(folder.Root, socketName);
        File.Delete(socket.Path);
        // Nothing is read from the environment or from files, which could have it listen elsewhere, too.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null; // A restore may be read as slowly as its reader likes.
            kestrel.Limits.MaxResponseBufferSize = ResponseBuffer;
            // Compressing and tar streams write synchronously when they are closed; nobody but the owner's own commands is served here.
            kestrel.AllowSynchronousIO = true;
            kestrel.ListenUnixSocket(socket.Address, listen => listen.Protocols = HttpProtocols.Http2);
        });
        PublicApi.AddTo(builder.Services);
        var files = new PassedFiles(folder.Root, socketName);
        builder.Services.AddSingleton(files);
        var application = builder.Build();
        application.UseExceptionHandler(handler => handler.Run(context => AnswerErrorAsync(context, logger)));
        application.UseRouting();
        application.UseWhen(
            static context =>
                context.Request.Path.StartsWithSegments(PublicApi.Root, StringComparison.OrdinalIgnoreCase),
            served =>
            {
                api.UseProblems(served);
                api.UseGates(served, callers);
            }
        );
        application.Use(DecodeSlashes);
        application.Use((context, next) => NameHostAsync(context, parts.Subjects, next));
        api.Map(application);
        Map(application, parts, logger);
        await application.StartAsync(cancellation);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(socket.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new ControlServer(application, socket, files);
    }

    public async ValueTask DisposeAsync()
    {
        using var impatience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _application.StopAsync(impatience.Token);
        await _application.DisposeAsync();
        await _files.DisposeAsync();
        File.Delete(_socket.Path);
        _socket.Dispose();
    }

    /// <summary>Names like CLUSTER/SHARD are one segment of a path; the slash in it is left encoded by the routing.</summary>
    private static Task DecodeSlashes(HttpContext context, RequestDelegate next)
    {
        foreach (var (name, value) in context.Request.RouteValues.ToList())
        {
            if (value is string text && text.Contains("%2F", StringComparison.OrdinalIgnoreCase))
            {
                context.Request.RouteValues[name] = text.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            }
        }

        return next(context);
    }

    /// <summary>As the API names whoever comes over this socket; what is taken out stands in the audit of its group.</summary>
    private static async Task NameHostAsync(HttpContext context, SubjectOperations subjects, RequestDelegate next)
    {
        var route = context.Request.RouteValues;
        var group =
            AuditActor.Current.GroupId
            ?? await subjects.GroupOfAsync(
                (route["replicaSet"] ?? route["cluster"]) as string,
                route["snapshot"] as string,
                context.RequestAborted
            );
        using var actor = AuditActor.Begin(HostCallers.Name, "local", group);
        await next(context);
    }

    private static void Map(WebApplication application, ApplianceParts parts, ILogger logger)
    {
        var restores = parts.Restores;
        application.MapGet(ControlRoutes.There, () => Results.NoContent());
        RestoreEndpoints.Map(application, parts.ClusterRestores, parts.Audit, logger);
        DataFilesEndpoints.Map(application, parts, logger);
        application.MapGet(ControlRoutes.RestoreProgress, restores.Progress);
        application.MapGet(
            ControlRoutes.Restore,
            (HttpContext context, string snapshot, string format, CancellationToken cancellation) =>
                RestoreAsync(
                    context,
                    $"snapshot {snapshot}, {format}",
                    () =>
                        restores.OpenSnapshotAsync(
                            snapshot,
                            RestoreFormats.Parse(format),
                            NamespacesOf(context.Request.Query),
                            cancellation,
                            users: context.Request.Query.ContainsKey(ControlRoutes.UsersParameter)
                        ),
                    parts.Audit,
                    logger,
                    cancellation
                )
        );
        application.MapGet(
            ControlRoutes.RestoreMoment,
            (HttpContext context, string replicaSet, string format, CancellationToken cancellation) =>
                RestoreAsync(
                    context,
                    $"{replicaSet} at {PointOf(context.Request.Query).Text}, {format}",
                    () =>
                        restores.OpenMomentAsync(
                            replicaSet,
                            PointOf(context.Request.Query),
                            RestoreFormats.Parse(format),
                            context.Request.Query[ControlRoutes.IdParameter],
                            NamespacesOf(context.Request.Query),
                            cancellation,
                            users: context.Request.Query.ContainsKey(ControlRoutes.UsersParameter)
                        ),
                    parts.Audit,
                    logger,
                    cancellation
                )
        );
    }

    /// <summary>Null for everything.</summary>
    internal static List<NamespacePattern>? NamespacesOf(IQueryCollection query) =>
        query[ControlRoutes.NamespaceParameter] is { Count: > 0 } given
            ? [.. given.Select(one => NamespacePattern.Parse(one ?? ""))]
            : null;

    private static RestorePoint PointOf(IQueryCollection query) =>
        NamedMoments.PointOf(query[ControlRoutes.OptimeParameter], query[ControlRoutes.SecondParameter]);

    /// <param name="context">Of the request.</param>
    /// <param name="subject">What is restored, for the audit; the selection is added.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="audit">Writes it down.</param>
    /// <param name="logger">For what nobody expected.</param>
    /// <param name="cancellation">The command went away.</param>
    internal static async Task RestoreAsync(
        HttpContext context,
        string subject,
        Func<Task<OpenRestore>> open,
        TakeoutAudit audit,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var response = context.Response;
        if (context.Request.Query[ControlRoutes.FileParameter] is [{ } ticket])
        {
            await using var file = context.RequestServices.GetRequiredService<PassedFiles>().Take(ticket);
            var hashes = !context.Request.Query.ContainsKey(ControlRoutes.NoChecksumParameter);
            var into = await WriteAsync(context, subject, open, audit, file, hashes, cancellation);
            await response.WriteAsJsonAsync(ViewOf(into), ControlJson.Options, cancellation);
            return;
        }

        response.ContentType = "application/octet-stream";
        response.DeclareTrailer(ControlRoutes.BytesTrailer);
        try
        {
            // The command hashes what arrives, and compares its length with the one that is told here.
            var result = await WriteAsync(context, subject, open, audit, response.Body, hashes: false, cancellation);
            response.AppendTrailer(
                ControlRoutes.DocumentsTrailer,
                result.Documents.ToString(CultureInfo.InvariantCulture)
            );
            response.AppendTrailer(ControlRoutes.BytesTrailer, result.Bytes.ToString(CultureInfo.InvariantCulture));
            response.AppendTrailer(ControlRoutes.OptimeTrailer, result.Optime.ToString());
            if (result.Excluded.Count > 0)
            {
                response.AppendTrailer(ControlRoutes.ExcludedTrailer, Encoded(Views(result.Excluded)));
            }

            if (result.Undecided.Count > 0)
            {
                response.AppendTrailer(ControlRoutes.UndecidedTrailer, Encoded(Views(result.Undecided)));
            }
        }
        catch (Exception failure) when (response.HasStarted && failure is not OperationCanceledException)
        {
            // The status line is gone already: the error travels behind the body.
            LogIfUnexpected(logger, failure);
            response.AppendTrailer(ControlRoutes.ErrorTrailer, Encoded(Describe(failure)));
        }
    }

    private static Task<RestoreResult> WriteAsync(
        HttpContext context,
        string subject,
        Func<Task<OpenRestore>> open,
        TakeoutAudit audit,
        Stream output,
        bool hashes,
        CancellationToken cancellation
    )
    {
        var query = context.Request.Query;
        return audit.RecordAsync(
            TakeoutAudit.Output,
            subject + TakeoutAudit.Selection(query[ControlRoutes.NamespaceParameter]!),
            async () =>
            {
                await using var restore = await open();
                var renames = query[ControlRoutes.RenameParameter];
                restore.Rename([.. renames.Select(static one => NamespaceRename.Parse(one ?? ""))]);
                var gzip = query.ContainsKey(ControlRoutes.GzipParameter);
                return await restore.WriteAsync(output, gzip, cancellation, hashes);
            },
            static result => result.Bytes
        );
    }

    private static RestoreView ViewOf(RestoreResult result) =>
        new(
            true,
            result.Documents,
            result.Bytes,
            result.Sha256.Length > 0 ? result.Sha256 : null,
            new OptimeView(result.Optime.T, result.Optime.I),
            result.Excluded.Count > 0 ? Views(result.Excluded) : null,
            result.Undecided.Count > 0 ? Views(result.Undecided) : null
        );

    /// <summary>Header values are plain text of one line.</summary>
    internal static string Encoded<T>(T value) =>
        Convert.ToBase64String(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, ControlJson.Options));

    private static List<ExcludedView> Views(IReadOnlyList<ExcludedCollection> excluded) =>
        [.. excluded.Take(MostNamed).Select(one => new ExcludedView(one.Namespace, one.Reason))];

    private static List<OptimeView> Views(IReadOnlyList<Optime> undecided) =>
        [.. undecided.Take(MostNamed).Select(static at => new OptimeView(at.T, at.I))];

    private static Task AnswerErrorAsync(HttpContext context, ILogger logger)
    {
        var failure = context.Features.Get<IExceptionHandlerFeature>()!.Error;
        LogIfUnexpected(logger, failure);
        context.Response.StatusCode =
            failure is BackupException ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsJsonAsync(new ErrorEnvelope(Describe(failure)), ControlJson.Options);
    }

    internal static void LogIfUnexpected(ILogger logger, Exception failure)
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
        return new ErrorView(known.Code, known.Message, known.Hint) { Field = known.Field };
    }
}
