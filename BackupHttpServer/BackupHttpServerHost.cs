using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Certificates;
using Backup.BackupHttpServer.Downloads;
using Backup.BackupHttpServer.Endpoints;
using Backup.BackupHttpServer.Install;
using Backup.BackupHttpServer.Limits;
using Backup.BackupHttpServer.Measuring;
using Backup.BackupHttpServer.Slices;
using Backup.BackupHttpServer.Updates;
using Backup.Blockstore;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer;

/// <summary>
/// One running instance of the HTTPS service for agents. It keeps nothing that another one would need: instances with the same stores and the
/// same certificate folder serve the same agents, whichever request comes to which.
/// </summary>
public sealed class BackupHttpServerHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly CertificateAuthority _authority;
    private readonly RouteTroubles _troubles;
    private readonly KeyUses _uses;
    private readonly Instances _instances;
    private readonly SumKeeper? _sums;
    private readonly SpanRoller _spans;

    private BackupHttpServerHost(
        WebApplication application,
        CertificateAuthority authority,
        RouteTroubles troubles,
        KeyUses uses,
        Instances instances,
        UpdateStore updates,
        SumKeeper? sums,
        SpanRoller spans,
        IPEndPoint endPoint
    )
    {
        _spans = spans;
        Updates = updates;
        _sums = sums;
        _application = application;
        _authority = authority;
        _troubles = troubles;
        _uses = uses;
        _instances = instances;
        EndPoint = endPoint;
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Why what agents send cannot be taken now, for example 1003 (disk full); null while all is well.</summary>
    public BackupException? Trouble => _troubles.Any;

    /// <summary>SHA-256 of the CA's certificate: for enrolment tokens.</summary>
    public ReadOnlyMemory<byte> CaFingerprint => _authority.Fingerprint;

    /// <summary>The pin of the server's public key, as <c>curl --pinnedpubkey</c> takes it: <c>sha256//…</c>. It stays when the certificate is renewed.</summary>
    public string PublicKeyPin => PinOf(_authority);

    /// <summary>Until when the server's certificate, and the authority that vouches for it, are good.</summary>
    public (DateTimeOffset Server, DateTimeOffset Authority) CertificatesEndAt =>
        (EndOf(_authority.ServerCertificate()), EndOf(_authority.Certificate));

    /// <summary>Builds that are offered to agents.</summary>
    public UpdateStore Updates { get; }

    /// <summary>Starts to serve. The stores stay the caller's and outlive the server.</summary>
    /// <exception cref="BackupException">8026 certificate unusable, 8027 the port is not free.</exception>
    public static async Task<BackupHttpServerHost> StartAsync(
        BackupHttpServerOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation = default
    )
    {
        var authority = await CertificateAuthority.EnsureAsync(
            options.CertificateFolder,
            options.Names,
            time,
            cancellation
        );
        var application = Build(options, authority, loggers);
        var troubles = new RouteTroubles();
        var uses = new KeyUses(metadata.Credentials, time);
        var instances = await Instances.JoinAsync(metadata.Instances, time, cancellation);
        var updates = new UpdateStore(options.UpdateFolder ?? Path.Combine(options.CertificateFolder, "updates"));
        Map(application, options, metadata, objects, authority, updates, troubles, uses, instances, time, loggers);
        var sums = MapDownloads(application, options, metadata, time, loggers);
        try
        {
            await application.StartAsync(cancellation);
        }
        catch (IOException taken)
        {
            await application.DisposeAsync();
            await uses.DisposeAsync();
            await instances.DisposeAsync();
            await DisposeAsync(sums);
            authority.Dispose();
            throw BackupHttpServerErrors.Listen($"{options.Address}:{options.Port}", taken);
        }

        var port = new System.Uri(application.Urls.First()).Port;
        var endPoint = new IPEndPoint(options.Address, port);
        var spans = new SpanRoller(metadata, time, loggers.CreateLogger<SpanRoller>());
        spans.Start();
        return new BackupHttpServerHost(
            application,
            authority,
            troubles,
            uses,
            instances,
            updates,
            sums,
            spans,
            endPoint
        );
    }

    /// <summary>Takes no new request, waits for those in work, stops.</summary>
    public Task StopAsync(CancellationToken cancellation = default) => _application.StopAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await _spans.DisposeAsync();
        await DisposeAsync(_sums);
        await _uses.DisposeAsync();
        await _instances.DisposeAsync();
        _authority.Dispose();
    }

    private static ValueTask DisposeAsync(SumKeeper? sums) => sums?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static WebApplication Build(
        BackupHttpServerOptions options,
        CertificateAuthority authority,
        ILoggerFactory loggers
    )
    {
        // Nothing is read from the environment or from files: the options say it all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // The web server's own lines name paths, and the path of a download link holds its secret: those below a warning are left out.
        builder.Services.AddSingleton<ILoggerFactory>(new QuietLoggers(loggers));
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Limit(kestrel.Limits, options);
            kestrel.AddServerHeader = false;
            kestrel.Listen(
                options.Address,
                options.Port,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(https =>
                    {
                        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                        https.ServerCertificateSelector = (_, _) => authority.ServerCertificate();
                        https.HandshakeTimeout = TimeSpan.FromSeconds(10);
                        if (options.ClientCertificates != ClientCertificatePolicy.Off)
                        {
                            // Taken whatever it is, and judged with the request: a handshake that breaks off explains nothing.
                            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                            https.AllowAnyClientCertificate();
                        }
                    });
                    listen.Use(NumberedRefusals.Use);
                }
            );
        });
        return builder.Build();
    }

    private static void Limit(KestrelServerLimits limits, BackupHttpServerOptions options)
    {
        limits.MaxRequestBodySize = AgentProtocol.MaxSliceBodyLength;
        limits.MinRequestBodyDataRate = new MinDataRate(options.MinBodyBytesPerSecond, options.BodyGrace);
        limits.MinResponseDataRate = new MinDataRate(240, TimeSpan.FromSeconds(10));
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 50;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.MaxConcurrentConnections = options.Connections;
        var http2 = limits.Http2;
        http2.MaxStreamsPerConnection = 32;
        http2.MaxFrameSize = 64 * 1024;
        http2.MaxRequestHeaderFieldSize = 8 * 1024;
        http2.HeaderTableSize = 4 * 1024;
        // What one stream and all of a connection may have on their way unread: this bounds memory before a slice is let in.
        http2.InitialStreamWindowSize = 512 * 1024;
        http2.InitialConnectionWindowSize = 2 * 1024 * 1024;
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    private static void Map(
        WebApplication application,
        BackupHttpServerOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        CertificateAuthority authority,
        UpdateStore updates,
        RouteTroubles troubles,
        KeyUses uses,
        Instances instances,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        var log = loggers.CreateLogger<BackupHttpServerHost>();
        var admission = new Admission(options.Limits, options.SliceBudget, () => instances.Count, time);
        _ = application.Use((context, next) => Problems.GuardAsync(context, next, admission, troubles, log));
        _ = application.UseRouting();
        var keys = new ApiKeys(metadata.Credentials, options.ApiKeyMaxAge, time);
        var certificates = new ClientCertificates(metadata.Credentials, authority, options, time);
        var gate = new AgentGate(metadata, keys, certificates, uses);
        var desk = new LeaseDesk(metadata, options.LeaseSilence, time);
        var budget = new SliceBudget(options.HoldCopies);
        var assignments = new Assignments(metadata);
        new AccessEndpoints(metadata, gate, updates, options.AgentLimits, time).Map(application);
        new CredentialEndpoints(metadata, gate, keys, certificates, authority, time).Map(application);
        new LeaseEndpoints(gate, desk).Map(application);
        new SyncEndpoints(metadata, objects, gate, assignments, budget, time).Map(application);
        new PartialSyncEndpoints(metadata, gate, assignments, budget).Map(application);
        var clusters = new ClusterDesk(metadata, options.BalancerPatience, time);
        new ClusterEndpoints(metadata, gate, clusters).Map(application);
        new MonitoringEndpoints(metadata, gate, time).Map(application);
        new LogEndpoints(metadata, gate).Map(application);
        new HostEndpoints(metadata, gate).Map(application);
        var signer = new UpdateSigner(options.CertificateFolder, authority, time);
        new UpdateEndpoints(gate, updates, signer).Map(application);
        new OplogEndpoints(metadata, objects, gate, budget, time).Map(application);
        var installer = new AgentInstaller(options.AgentProgram, () => PinOf(authority));
        _ = application.Lifetime.ApplicationStopped.Register(installer.Dispose);
        installer.Map(application);
    }

    private static SumKeeper? MapDownloads(
        WebApplication application,
        BackupHttpServerOptions options,
        IMetadataStore metadata,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        if (options.Downloads is not { } downloads)
        {
            return null;
        }

        var (limits, log) = (options.DownloadLimits, loggers.CreateLogger<DownloadEndpoints>());
        var sums = new SumKeeper(downloads, metadata, time, log);
        var services = new DownloadServices(downloads, sums, metadata, limits, time, log);
        // A server that stops does not wait for downloads, which take as long as they like: they go on at the next one.
        var stopping = application.Lifetime.ApplicationStopping;
        new DownloadEndpoints(metadata, services, new DownloadGate(limits, time), stopping).Map(application);
        return sums;
    }

    private static string PinOf(CertificateAuthority authority) =>
        $"sha256//{Convert.ToBase64String(SHA256.HashData(authority.ServerCertificate().PublicKey.ExportSubjectPublicKeyInfo()))}";

    private static DateTimeOffset EndOf(X509Certificate2 certificate) =>
        new(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
}
