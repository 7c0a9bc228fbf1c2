using System.Net;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Backup.Blockstore.S3;

/// <summary>Makes clients of S3, and knows which of their failures pass.</summary>
internal static class S3Clients
{
    internal static AmazonS3Client Make(S3StoreOptions options)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.UsesPaths,
            // Tried again here, with one rule for all stores.
            MaxErrorRetry = 0,
            // Not every service knows the newer checksums.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        if (options.CertificateAuthorities is { } file)
        {
            config.HttpClientFactory = new TrustingFactory(file);
        }

        return options is { AccessKey: { } key, SecretKey: { } secret }
            ? new AmazonS3Client(new BasicAWSCredentials(key, secret), config)
            : new AmazonS3Client(config);
    }

    internal static bool IsOfService(Exception failure) =>
        failure
            is AmazonServiceException
                or AmazonClientException
                or HttpRequestException
                or IOException
                or TimeoutException
                or TaskCanceledException { InnerException: TimeoutException };

    /// <summary>The service is busy, or was not reached. 409: another request for the same key is under way.</summary>
    internal static bool IsWorthATry(Exception failure) =>
        failure is AmazonServiceException { StatusCode: not 0 } said
            ? said.StatusCode
                is HttpStatusCode.TooManyRequests
                    or HttpStatusCode.RequestTimeout
                    or HttpStatusCode.Conflict
                    or >= HttpStatusCode.InternalServerError
            : failure is not AmazonClientException { InnerException: null } || failure is AmazonServiceException;

    /// <summary>Trusts the authorities of a file, and no others.</summary>
    private sealed class TrustingFactory(string file) : HttpClientFactory
    {
        private readonly X509Certificate2Collection _authorities = Load(file);

        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(_authorities);
            var handler = new SocketsHttpHandler { SslOptions = new() { CertificateChainPolicy = policy } };
            return new HttpClient(handler, disposeHandler: true);
        }

        private static X509Certificate2Collection Load(string file)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities;
        }
    }
}
