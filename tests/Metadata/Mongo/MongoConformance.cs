using Backup.Metadata;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

// Abstract, and so not run, until the catalogue is whole.
[Collection(RealServerTests.Name)]
public abstract class RealMongoConformance(RealServer server) : MetadataConformance
{
    protected override async Task<IMetadataStore> OpenAsync() => await server.OpenAsync(Time);

    protected override Task RemoveAsync() => server.EmptyAsync();
}

[Collection(SandboxServerTests.Name)]
public abstract class SandboxMongoConformance(SandboxServer server) : MetadataConformance
{
    protected override async Task<IMetadataStore> OpenAsync() => await server.OpenAsync(Time);

    protected override Task RemoveAsync() => server.EmptyAsync();
}
