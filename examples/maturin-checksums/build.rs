fn main() -> Result<(), Box<dyn std::error::Error>> {
    pyrust_build::Build::from_manifest("pyrust.toml")?.compile()?;
    Ok(())
}
